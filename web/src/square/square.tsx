/** The square as an element: a picture for the eye, one sentence for those who don't see it. */

import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { Painter, type Scene } from "./painter";
import "./square.css";

export function Square({ scene, label }: { scene: Scene; label: string }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const painter = useRef<Painter | null>(null);
  useEffect(() => {
    if (canvas.current === null) return undefined;
    const made = new Painter(canvas.current);
    painter.current = made;
    return () => made.close();
  }, []);
  useEffect(() => painter.current?.show(scene), [scene]);
  return <canvas class="square" ref={canvas} role="img" aria-label={label} data-testid="square" />;
}
