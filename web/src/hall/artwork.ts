/** The picture of a Space on a lock screen: its cover, or the square at dusk, drawn here once. */

import type { Space } from "./space";

const SIDE = 512;
const NIGHT = "#0c111d";
const STONE = "#e6dfd2";
const BRASS = "#e0b25a";
/** Rings of the audience: radius, and how far each reaches around, in shares of the picture and of a half turn. */
const RINGS = [[0.24, 0.36], [0.36, 0.4], [0.48, 0.3]] as const;
let drawn: MediaImage[] | null = null;

/** The cover that was uploaded, if there is one, and the square: the system takes what it can show. */
export function artworkOf({ cover }: Space): MediaImage[] {
  const uploaded = cover === undefined || cover === null ? [] : [{ src: cover, type: "image/webp" }];
  return [...uploaded, ...(drawn ??= draw())];
}

/** A PNG, for lock screens show no SVG; nothing where there is no canvas. */
function draw(): MediaImage[] {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d");
  if (context === null) return [];
  context.fillStyle = NIGHT;
  context.fillRect(0, 0, SIDE, SIDE);
  context.lineCap = "round";
  const arc = (radius: number, half: number): void => {
    context.beginPath();
    context.arc(SIDE / 2, SIDE * 0.8, radius * SIDE, Math.PI * (1.5 - half), Math.PI * (1.5 + half));
    context.stroke();
  };
  context.strokeStyle = STONE;
  context.lineWidth = SIDE * 0.05;
  context.setLineDash([0, SIDE * 0.085]);
  RINGS.forEach(([radius, half], ring) => {
    context.globalAlpha = 1 - ring * 0.25;
    arc(radius, half);
  });
  context.globalAlpha = 1;
  context.setLineDash([]);
  context.strokeStyle = BRASS;
  arc(0.12, 0.3);
  return [{ src: canvas.toDataURL("image/png"), sizes: `${SIDE}x${SIDE}`, type: "image/png" }];
}
