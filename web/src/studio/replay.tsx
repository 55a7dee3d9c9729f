/** The replay: hear it, choose a stretch, and decide: keep only that, silence it, make a clip of it. */

import type { JSX } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Archive, type Replay } from "./archive";
import { Problem, type Space } from "./api";
import { Clips } from "./clips";
import { CopyLink, Question, Refusal } from "./parts";
import { Player } from "./replay-player";
import { CLIP_MAX_S, rangeOf, showTime } from "./range";
import { RemovalRequests } from "./removal-requests";
import { leads } from "./rules";
import { useWords, type Words } from "./words";

const PART_S = 0.32;

type Shown = Replay | "making" | "deleted" | null;

/** `attempt` does something and then shows the replay as it has become. */
export type Attempt = (act: () => Promise<unknown>) => Promise<boolean>;

export function ReplayPage({ space, own }: { space: Space; own: string }): JSX.Element {
  const words = useWords();
  const { links: { replay: base }, role } = space;
  const archive = useMemo(() => (base === null ? null : new Archive(base)), [base]);
  const [shown, setShown] = useState<Shown>("making");
  const [changing, setChanging] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  /** Counts what was decided: clips and requests are asked for again. */
  const [turn, setTurn] = useState(0);
  const over = useRef<AbortController | null>(null);

  const load = useCallback(async () => {
    if (archive === null) return;
    over.current?.abort();
    const abort = (over.current = new AbortController());
    try {
      setShown(await archive.replay(abort.signal));
      setTurn((old) => old + 1);
    } catch (error) {
      if (abort.signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      if (error.code === "replay-unknown") setShown(null);
      else if (error.code === "replay-deleted") setShown("deleted");
      else setProblem(error);
    }
    setChanging(false);
  }, [archive]);
  useEffect(() => {
    void load();
    return () => over.current?.abort();
  }, [load]);

  const attempt: Attempt = async (act) => {
    setProblem(null);
    setChanging(true);
    try {
      await act();
      await load();
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
      setChanging(false);
      return false;
    }
  };
  if (archive === null || shown === null) return <p class="soft" data-testid="replay" data-state="none">{words.replayNone}</p>;
  if (shown === "deleted") return <p role="status" data-testid="replay" data-state="deleted">{words.replayDeleted}</p>;
  if (shown === "making") {
    return (
      <section class="card" data-testid="replay" data-state="making">
        <h2>{words.replay}</h2>
        {problem === null && <p class="soft" role="status">{words.replayMaking}</p>}
        <Refusal problem={problem} />
      </section>
    );
  }
  const decides = leads(role);
  return (
    <>
      <section
        class="card" aria-labelledby="replay" data-testid="replay" data-state={changing ? "changing" : "ready"}
        data-version={shown.version} data-duration-s={shown.duration_s} data-silenced-s={shown.silenced_s}
      >
        <h2 id="replay">{words.replay}</h2>
        <p class="soft small" role="status">{changing ? words.replayChanging : lengthLine(shown, words)}</p>
        <Editor archive={archive} replay={shown} decides={decides} attempt={attempt} />
        <Refusal problem={problem} />
      </section>
      <Clips archive={archive} turn={turn} own={own} decides={decides} attempt={attempt} />
      {decides && <Sharing archive={archive} replay={shown} attempt={attempt} />}
      <RemovalRequests archive={archive} turn={turn} own={own} decides={decides} attempt={attempt} />
      <Downloads archive={archive} replay={shown} decides={decides} />
      {role === "host" && <Delete archive={archive} attempt={attempt} />}
    </>
  );
}

function lengthLine({ duration_s, lost_parts }: Replay, words: Words): string {
  const lost = lost_parts === 0 ? "" : ` · ${words.replayLost(lost_parts * PART_S)}`;
  return `${words.replayLength(duration_s)}${lost}`;
}

interface EditorProps {
  archive: Archive;
  replay: Replay;
  decides: boolean;
  attempt: Attempt;
}

type Asking = "trim" | "cut" | "clip" | "request" | null;

function Editor({ archive, replay, decides, attempt }: EditorProps): JSX.Element {
  const words = useWords();
  const [from, setFrom] = useState("0:00");
  const [to, setTo] = useState(showTime(Math.min(replay.duration_s, CLIP_MAX_S)));
  const [text, setText] = useState("");
  const [asking, setAsking] = useState<Asking>(null);
  const [trimmed, setTrimmed] = useState(false);
  const [asked, setAsked] = useState(false);
  const range = rangeOf(from, to, replay.duration_s);
  const lastsS = range === null ? 0 : range.to_s - range.from_s;
  const close = (): void => setAsking(null);
  const source = replay.audio.find(({ name }) => name === "aac") ?? replay.audio[0];
  const field = (label: string, value: string, set: (value: string) => void, testId: string, atS: () => number): JSX.Element => (
    <span class="time-field">
      <label>
        {label}
        <input inputMode="decimal" value={value} data-testid={testId} aria-invalid={range === null} onInput={({ currentTarget }) => set(currentTarget.value)} />
      </label>
      <button type="button" class="button button-small" data-testid={`${testId}-here`} onClick={() => set(showTime(atS()))}>{words.fromHere}</button>
    </span>
  );
  const act = (name: NonNullable<Asking>, label: string, possible = true): JSX.Element => (
    <button type="button" class="button" data-testid={`replay-${name}`} disabled={range === null || !possible} onClick={() => setAsking(name)}>
      {label}
    </button>
  );
  return (
    <>
      <Player key={replay.version} address={`${archive.address(source?.url ?? "")}?v=${replay.version}`} replay={replay} range={range}>
        {(atS) => (
          <>
            <p class="soft small">{words.rangeHint}</p>
            <div class="row">
              {field(words.from, from, setFrom, "range-from", atS)}
              {field(words.to, to, setTo, "range-to", atS)}
              <span class="soft small figures" role="status">{range === null ? words.rangeBad : words.rangeLasts(lastsS)}</span>
            </div>
          </>
        )}
      </Player>
      <div class="row">
        {act("clip", words.clip, lastsS <= CLIP_MAX_S)}
        {decides && act("trim", words.trim)}
        {decides && act("cut", words.cut)}
        {!decides && act("request", words.request)}
        {lastsS > CLIP_MAX_S && <span class="soft small">{words.clipTooLong}</span>}
      </div>
      {decides && (
        <div class="row">
          {trimmed && <span role="status">{words.trimDone}</span>}
          <button
            type="button" class="button button-quiet" data-testid="trim-undo"
            onClick={() => void attempt(() => archive.trim(null)).then((done) => done && setTrimmed(false))}
          >
            {words.trimUndo}
          </button>
        </div>
      )}
      {asked && <p role="status" data-testid="request-sent">{words.requestSent}</p>}
      {range !== null && asking === "trim" && (
        <Question
          title={words.trimAsk} act={words.trim} onClose={close}
          onAct={() => void attempt(() => archive.trim(range)).then((done) => done && setTrimmed(true))}
        >
          <p>{words.trimWhat}</p>
        </Question>
      )}
      {range !== null && asking === "cut" && (
        <Question title={words.cutAsk} act={words.cut} danger onClose={close} onAct={() => void attempt(() => archive.cut(range))}>
          <p>{words.cutWhat(lastsS)}</p>
        </Question>
      )}
      {range !== null && (asking === "clip" || asking === "request") && (
        <Question
          title={asking === "clip" ? words.clip : words.request} act={asking === "clip" ? words.clip : words.request} onClose={close}
          onAct={() => {
            if (asking === "clip") void attempt(() => archive.clip(range, text.trim()));
            else void attempt(() => archive.askRemoval(range, text.trim())).then(setAsked);
            setText("");
          }}
        >
          <label class="field">
            {`${asking === "clip" ? words.clipTitle : words.requestReason} (${words.optional})`}
            <input
              data-testid="range-text" dir="auto" maxLength={asking === "clip" ? 120 : 500} value={text}
              onInput={({ currentTarget: { value } }) => setText(value)}
            />
          </label>
        </Question>
      )}
    </>
  );
}

function Sharing({ archive, replay, attempt }: Omit<EditorProps, "decides">): JSX.Element {
  const words = useWords();
  return (
    <section class="card" aria-labelledby="replay-share">
      <h2 id="replay-share">{words.replayShare}</h2>
      <CopyLink link={replay.links.share} testId="replay-link" />
      <label class="tick">
        <input
          type="checkbox" checked={replay.public} data-testid="replay-public"
          onChange={({ currentTarget: { checked } }) => void attempt(() => archive.setPublic(checked))}
        />
        {words.replayPublic}
      </label>
      {replay.public ? <p class="small"><a href={replay.links.feed}>{words.feed}</a></p> : <p class="soft small">{words.replayPrivate}</p>}
    </section>
  );
}

function Downloads({ archive, replay, decides }: Omit<EditorProps, "attempt">): JSX.Element {
  const words = useWords();
  const link = (name: string, { url, bytes }: { url: string; bytes: number }): JSX.Element => (
    <li key={url}>
      <a href={`${archive.address(url)}?download=1`} data-testid={`download-${url.split("/").at(-1) ?? ""}`}>
        {words.download(name, (bytes / 1e6).toFixed(1))}
      </a>
    </li>
  );
  return (
    <section class="card" aria-labelledby="downloads">
      <h2 id="downloads">{words.downloads}</h2>
      <ul class="links">
        {replay.audio.map((sound) => link(words.sounds[sound.name] ?? sound.name, sound))}
        {decides && replay.tracks.map((track) => link(words.trackOf(track.handle), track))}
      </ul>
    </section>
  );
}

function Delete({ archive, attempt }: { archive: Archive; attempt: Attempt }): JSX.Element {
  const words = useWords();
  const [asking, setAsking] = useState(false);
  return (
    <>
      <button type="button" class="button button-quiet button-warn" data-testid="replay-delete" onClick={() => setAsking(true)}>
        {words.replayDelete}
      </button>
      {asking && (
        <Question
          title={words.replayDeleteAsk} act={words.replayDelete} danger onClose={() => setAsking(false)}
          onAct={() => void attempt(() => archive.remove())}
        >
          <p>{words.replayDeleteWhat}</p>
        </Question>
      )}
    </>
  );
}
