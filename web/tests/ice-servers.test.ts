import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { IceServers, iceServersIn } from "../src/shared/ice-servers";

const STUN = { urls: "stun:s.example:3478" };
const TURN = { urls: "turn:t.example?transport=tcp", username: "17:ana", credential: "p/+=" };
const TURN_LINK = '<turn:t.example?transport=tcp>; rel="ice-server"; username="17:ana"; credential="p/+="; credential-type="password"';

describe("the links of an endpoint", () => {
  it("are taken out of one header, in their order, and others are left", () => {
    const events = '<https://c.example/api/v1/spaces/x/events?a=1,2;b>; rel="urn:parvis:whip:events"';
    expect(iceServersIn(`${events}, <stun:s.example:3478>; rel="ice-server", ${TURN_LINK}`)).toEqual([STUN, TURN]);
  });

  it("may be written in any way that RFC 8288 allows", () => {
    const told = [
      '<stun:s.example:3478>;rel=ice-server',
      ' ,, < stun:s.example:3478 > ;\tREL = "Ice-Server" ; title*=UTF-8\'\'x ;crossorigin;, ',
      '<stun:s.example:3478>; rel="other ice-server"; rel="other"',
      '<stun:s.example:3478>; title="a, <stun:b>; rel=\\"ice-server\\""; rel="ice-server";',
    ];
    expect(told.map(iceServersIn)).toEqual(told.map(() => [STUN]));
  });

  it("keep every character of a quoted password", () => {
    const link = '<turns:t.example:443>; rel="ice-server"; username="a;b, <c>"; credential="q\\"\\\\\\e="';
    expect(iceServersIn(link)).toEqual([{ urls: "turns:t.example:443", username: "a;b, <c>", credential: 'q"\\e=' }]);
  });

  it("that a browser would refuse are left out", () => {
    const said = '; rel="ice-server"; username="u"; credential="c"';
    const useless = [
      '<turn:t.example>; rel="ice-server"', '<turn:t.example>; rel="ice-server"; username="u"',
      '<turn:t.example>; rel="ice-server"; username="u"; credential=""', `<turn:t.example>${said}; credential-type="oauth"`,
      `<https://t.example>${said}`, `<stun:s.example?transport=udp>${said}`, `<turn:t.example?transport=tls>${said}`,
      `<turn:>${said}`, `<turn:a@t.example>${said}`, `<turn:t example>${said}`, '<stun:s.example>', '<stun:s.example>; rel="x-ice-server"',
    ];
    for (const link of useless) expect(iceServersIn(`${link}, ${TURN_LINK}`), link).toEqual([TURN]);
  });

  it("end where they are not understood", () => {
    expect(iceServersIn(null)).toEqual([]);
    for (const link of ["", "garbage", "<stun:s.example", '<stun:s.example>; rel="ice-server', '<stun:s.example>; rel="ice-server" x']) {
      expect(iceServersIn(link), link).toEqual([]);
      expect(iceServersIn(`${TURN_LINK}, ${link}`), link).toEqual([TURN]);
    }
    const long = `<stun:s.example>; title="${"\\".repeat(100_001)}`;
    expect(iceServersIn(long + " ".repeat(100_000) + ",".repeat(100_000))).toEqual([]);
  });
});

let server: Server | null = null;
afterEach(() => server?.close());

/** An endpoint that answers with these links one after the other, and what it was asked with. */
async function endpoint(...links: (string | null)[]): Promise<[string, IncomingHttpHeaders[]]> {
  const asked: IncomingHttpHeaders[] = [];
  const one = (server = createServer((request, response) => {
    const link = request.method === "OPTIONS" ? links[asked.length] : null;
    asked.push(request.headers);
    response.writeHead(link === undefined ? 503 : 200, link == null ? {} : { Link: link });
    response.end();
  }));
  await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve));
  return [`http://127.0.0.1:${(one.address() as AddressInfo).port}/whip/x`, asked];
}

describe("the servers of an endpoint", () => {
  const access = { credentials: "omit" as const, headers: { Authorization: "Bearer t" } };

  it("are asked for once, with the token, however often they are wanted at the moment", async () => {
    const [address, asked] = await endpoint(TURN_LINK);
    const servers = new IceServers(address, access);
    expect(await Promise.all([servers.ask(), servers.ask()])).toEqual([[TURN], [TURN]]);
    expect(await servers.ask()).toEqual([TURN]);
    expect(asked.map(({ authorization }) => authorization)).toEqual(["Bearer t"]);
  });

  it("are not asked for again where there are none, until an answer names some", async () => {
    const [address, asked] = await endpoint(null);
    const servers = new IceServers(address, access);
    expect([await servers.ask(), await servers.ask()]).toEqual([[], []]);
    servers.told(TURN_LINK);
    expect(await servers.ask()).toEqual([TURN]);
    expect(asked.length).toBe(1);
  });

  it("are asked for again when nobody answered", async () => {
    const [address, asked] = await endpoint();
    const servers = new IceServers(address, access);
    expect([await servers.ask(), await servers.ask()]).toEqual([[], []]);
    expect(asked.length).toBe(2);
    server?.close();
    server?.closeAllConnections();
    expect(await servers.ask()).toEqual([]);
  });
});
