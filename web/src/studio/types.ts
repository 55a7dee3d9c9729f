/** What control says, in the shapes of docs/protocol.md §4 and §5. */

export type Role = "host" | "co-host" | "speaker";
export type SpaceState = "scheduled" | "live" | "held" | "ended";
export type Standby = "silence" | "tone" | "notice" | "loop";
export type IfAbsent = "hold" | "acting" | "postpone";
export type RecordingMode = "off" | "program" | "tracks";
export type CaptionsMode = "off" | "automatic" | "human";
export type Visibility = "public" | "unlisted" | "members";

export interface Account {
  id: string;
  handle: string;
  display_name: string;
  bio: string;
  avatar: string | null;
  operator: boolean;
  has_password: boolean;
  links: { profile: string; feed: string; calendar: string };
}

export interface Person {
  handle: string;
  display_name: string;
}

/** Who is there: some of those who chose to be seen. */
export interface Crowd {
  counts: Counts;
  seen: number;
  sample: (Person & { avatar: string | null })[];
}

export interface Counts {
  listeners: number;
  peak_listeners: number;
  total_listeners: number;
}

/** What a host settles beforehand. Seconds where the name says so. */
export interface Settings {
  grace_s: number;
  successors: string[];
  standby: Standby;
  keep_open_s: number;
  auto_start: boolean;
  if_absent: IfAbsent;
  postpone_s: number;
  recording: RecordingMode;
}

/** What those outside are shown, and who of them may come in. */
export interface Listing {
  visibility: Visibility;
  topics: string[];
}

export interface Links {
  share: string;
  m3u: string;
  space: string;
  whip: string;
  studio: string;
  events: string;
  embed: string;
  calendar: string;
  replay: string | null;
}

export interface HandedTo {
  id: string | null;
  url: string;
  title: string;
  reason: string;
  at: string;
}

export interface Space extends Omit<Settings, "successors">, Listing {
  id: string;
  title: string;
  description: string;
  language: string;
  state: SpaceState;
  host: Person;
  created_at: string;
  starts_at: string | null;
  started_at: string | null;
  ended_at: string | null;
  max_speakers: number;
  counts: Counts;
  role: Role | null;
  acting: boolean;
  acting_host: Person | null;
  handed_to: HandedTo | null;
  ends_at: string | null;
  postponed: number;
  standby_loop: boolean;
  /** Manners (docs/protocol.md §8). */
  hands: "open" | "closed";
  stage_locked: boolean;
  chat: ChatRules;
  captions: CaptionsMode;
  /** Handles of those who may write captions beside the hosts. */
  captioners: string[];
  /** Null for those without a seat. */
  successors: string[] | null;
  /** Address of the picture that was uploaded. */
  cover: string | null;
  end_reason: "cancelled" | null;
  links: Links;
}

export interface NewSpace extends Partial<Settings>, Partial<Listing> {
  title: string;
  description?: string;
  language?: string;
  starts_at?: string;
}

export type ChatMode = "open" | "stage" | "off";

export interface ChatRules {
  mode: ChatMode;
  /** How long an account waits between two messages, s. */
  slow_s: number;
  /** Listeners may write links. */
  links: boolean;
}

export interface SpaceChange extends Partial<Settings>, Partial<Listing> {
  hands?: "open" | "closed";
  stage_locked?: boolean;
  chat?: Partial<ChatRules>;
  captions?: CaptionsMode;
  captioners?: string[];
  title?: string;
  description?: string;
  language?: string;
  starts_at?: string | null;
}

export type Verdict = "good" | "fair" | "bad" | "waiting";

/** What the stage thinks of a seat's sound. Advice comes worst first. */
export interface Check {
  verdict: Verdict;
  advice: string[];
}

export interface Seat {
  handle: string;
  display_name: string;
  /** Address of the picture, or null. */
  avatar: string | null;
  role: Role;
  acting: boolean;
  muted: boolean;
  muted_by: "self" | "host" | null;
  connected: boolean;
  level: number | null;
  loss_percent: number | null;
  rtt_ms: number | null;
  jitter_ms: number | null;
  check?: Check | null;
}

export interface SeatList {
  items: Seat[];
  recording: RecordingMode;
  /** Under which owner of the stage this is true; a session that began under a lower one is dead. */
  stage_epoch?: number | null;
}

export interface Invitation {
  id: string;
  link: string;
  role: Role;
  uses_left: number;
  expires_at: string;
}

export interface Succession {
  host: Person;
  host_connected: boolean;
  acting: Person | null;
  next: Person | null;
  at: string | null;
  in_s: number | null;
}

export interface Named {
  id: string;
  title: string;
}

export type HandoffState = "asked" | "made" | "declined" | "expired" | "withdrawn" | "returned";

export interface Handoff {
  id: string;
  state: HandoffState;
  from: Named;
  to: Named | null;
  url: string;
  title: string;
  reason: string;
  by: string;
  asked_at: string;
  expires_at: string;
  at: string | null;
  only_from: string | null;
  end: boolean;
}

export interface HandoffWish {
  to?: string;
  url?: string;
  reason: string;
  code?: string;
  only_from?: string;
  end?: boolean;
}

export interface HandoffCode {
  code: string;
  expires_at: string;
}

export interface Notice {
  code: "postponed" | "host-awaited";
  starts_at: string | null;
  times: number;
}

export interface LogEntry {
  id: number;
  at: string;
  /** Null is Parvis itself. */
  by: string | null;
  act: string;
  whom: string | null;
  reason: string | null;
  details: Record<string, unknown>;
}

export interface LogPage {
  items: LogEntry[];
  next: string | null;
}

/** Who may be host after one who leaves. */
export interface Candidate extends Person {
  role: Role;
}
