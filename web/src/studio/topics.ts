/** Topics as a host types them: a few words, each once, whatever its case. Pure; control decides by the same rules. */

export const MOST_TOPICS = 5;
export const LONGEST_TOPIC = 30;

export type TopicRefusal = "long" | "many" | "twice";

export interface Typed {
  topics: string[];
  /** Why what is left in the field was not taken. */
  refused: TopicRefusal | null;
  /** What stays in the field. */
  rest: string;
}

/** Takes what was typed, topics with commas between, after those that are there. */
export function takeTopics(topics: string[], typed: string): Typed {
  const taken = [...topics];
  const wanted = typed.split(/[,;\n]/u).map((word) => word.normalize("NFC").replace(/\s+/gu, " ").replace(/^[#\s]+|\s+$/gu, ""));
  for (const [at, topic] of wanted.entries()) {
    if (topic === "") continue;
    const refused = refusalOf(taken, topic);
    if (refused !== null) return { topics: taken, refused, rest: wanted.slice(at).filter(Boolean).join(", ") };
    taken.push(topic);
  }
  return { topics: taken, refused: null, rest: "" };
}

function refusalOf(topics: string[], topic: string): TopicRefusal | null {
  if (Array.from(topic).length > LONGEST_TOPIC) return "long";
  if (topics.some((known) => known.toLowerCase() === topic.toLowerCase())) return "twice";
  return topics.length >= MOST_TOPICS ? "many" : null;
}
