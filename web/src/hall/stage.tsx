/** Who is on stage, and who speaks: by what is heard now, not by what has arrived. */

import type { JSX } from "preact";
import { Avatar } from "../shared/avatar";
import { Icon } from "../shared/icons";
import { useStore } from "../shared/store";
import type { Hall } from "./model";
import type { Speaker } from "./space";
import { useWords } from "./words";

/** A quieter sound than this is breath, not speech: -48 dBFS. */
const SPEAKING_LEVEL = 20;

export function Stage({ hall }: { hall: Hall }): JSX.Element {
  const words = useWords();
  const space = useStore(hall.space);
  const speakers = space?.speakers ?? [];
  const { levels } = useStore(hall.voices);
  return (
    <section class="stage" aria-labelledby="on-stage">
      <h2 id="on-stage">{words.onStage}</h2>
      {speakers.length === 0 && <p class="soft">{words.nobodyOnStage}</p>}
      <ul>
        {speakers.map((speaker) => (
          <Person
            key={speaker.handle} speaker={speaker} picture={hall.faceOf(speaker)} level={levels[speaker.handle] ?? 0}
            acts={speaker.handle === space?.acting_host}
          />
        ))}
      </ul>
    </section>
  );
}

interface PersonProps {
  speaker: Speaker;
  picture: string | null;
  level: number;
  acts: boolean;
}

function Person({ speaker, picture, level, acts }: PersonProps): JSX.Element {
  const words = useWords();
  const speaking = level >= SPEAKING_LEVEL;
  const aside = !speaker.connected ? words.away : speaker.muted ? words.muted : acts ? words.actingRole : words.role[speaker.role];
  return (
    <li
      class={speaker.connected ? "person" : "person person-away"} data-testid={`speaker-${speaker.handle}`}
      data-level={level} data-speaking={speaking} data-muted={speaker.muted} data-connected={speaker.connected}
    >
      <Avatar name={speaker.display_name} picture={picture} level={level / 100} />
      <span class="person-name">
        <strong dir="auto">{speaker.display_name}</strong>
        <span class="soft small">{aside}</span>
      </span>
      {speaker.muted && speaker.connected && <Icon name="micOff" />}
    </li>
  );
}
