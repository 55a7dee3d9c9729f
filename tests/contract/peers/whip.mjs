// What every peer here does over HTTP (RFC 9725): one POST of the offer, one DELETE at the end.
import { readFileSync } from 'node:fs';

const url = process.env.PEER_URL;
const headers = { Authorization: `Bearer ${process.env.PEER_TOKEN}`, 'Content-Type': 'application/sdp' };

export const FRAME_MS = 20;
export const SSRC = 0x70617276;
export const PAYLOAD_TYPE = 111;

/** The access units to say: each with its size before it, 16 bits. */
export function frames() {
  const data = readFileSync(process.env.PEER_FRAMES);
  const found = [];
  for (let at = 0; at < data.length; at += 2 + data.readUInt16BE(at)) {
    found.push(data.subarray(at + 2, at + 2 + data.readUInt16BE(at)));
  }
  return found;
}

/** Posts the offer; gives the answer and a way to leave. */
export async function call(sdp) {
  const response = await fetch(url, { method: 'POST', headers, body: sdp });
  const answer = await response.text();
  if (response.status !== 201) throw new Error(`${response.status} ${answer}`);
  const session = new URL(response.headers.get('location'), url);
  return { answer, leave: () => fetch(session, { method: 'DELETE', headers }) };
}

/** The ICE servers that OPTIONS names (RFC 9725 §4.6), as RTCPeerConnection takes them. */
export async function servers() {
  const response = await fetch(url, { method: 'OPTIONS', headers });
  const links = (response.headers.get('link') ?? '').matchAll(/<([^>]+)>((?:; [\w-]+="[^"]*")*)/g);
  return [...links].flatMap(([, urls, said]) => {
    const told = Object.fromEntries([...said.matchAll(/; ([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
    return told.rel === 'ice-server' ? [{ urls, username: told.username, credential: told.credential }] : [];
  });
}

/** An RTP packet of Opus (RFC 7587): number n of the stream. */
export function rtp(n, payload) {
  const head = Buffer.alloc(12);
  head.writeUInt8(0x80, 0);
  head.writeUInt8((n === 0 ? 0x80 : 0) | PAYLOAD_TYPE, 1);
  head.writeUInt16BE(n & 0xffff, 2);
  head.writeUInt32BE((n * 960) >>> 0, 4);
  head.writeUInt32BE(SSRC, 8);
  return Buffer.concat([head, payload]);
}

/** The payload of an RTP packet (RFC 3550 §5.1), or null when it is none of Opus. */
export function payloadOf(packet) {
  if (packet.length < 12 || packet[0] >> 6 !== 2 || (packet[1] & 0x7f) !== PAYLOAD_TYPE) return null;
  let at = 12 + 4 * (packet[0] & 0x0f);
  if (packet[0] & 0x10) at += 4 + 4 * packet.readUInt16BE(at + 2);
  const end = packet[0] & 0x20 ? packet.length - packet[packet.length - 1] : packet.length;
  return at < end ? packet.subarray(at, end) : null;
}

/** Says frame after frame by the clock, until standard input ends. */
export async function speak(send) {
  const units = frames();
  const began = performance.now();
  // The clock of `time.monotonic()` in Python.
  say(`began ${Number(process.hrtime.bigint()) / 1e9}`);
  let n = 0;
  const timer = setInterval(() => {
    while (n * FRAME_MS <= performance.now() - began) {
      send(n, units[n % units.length]);
      n += 1;
    }
  }, 5);
  await new Promise((resolve) => process.stdin.resume().once('end', resolve));
  clearInterval(timer);
}

/** What came in goes out: each unit with its size before it, on standard output. */
export function heard(unit) {
  const size = Buffer.alloc(2);
  size.writeUInt16BE(unit.length);
  process.stdout.write(Buffer.concat([size, unit]));
}

export function say(word) {
  process.stderr.write(`${word}\n`);
}
