// A seat by libwebrtc in Node: what browsers have, built by others. It encodes by itself, so it says samples.
// With PEER_RELAY (udp or tcp) it goes by the TURN servers that the stage names, and by nothing else.
import { readFileSync } from 'node:fs';
import wrtc from '@roamhq/wrtc';
import { call, heard, say, servers, speak } from './whip.mjs';

const { RTCPeerConnection, nonstandard } = wrtc;
const transport = process.env.PEER_RELAY;
const peer = new RTCPeerConnection(
  transport
    ? {
        iceTransportPolicy: 'relay',
        iceServers: (await servers()).filter(({ urls }) => urls.endsWith(`=${transport}`)),
      }
    : {},
);
const source = new nonstandard.RTCAudioSource();
const stream = new wrtc.MediaStream();
peer.addTransceiver(source.createTrack(), { direction: 'sendrecv', streams: [stream] });
peer.ontrack = ({ track }) => {
  new nonstandard.RTCAudioSink(track).ondata = ({ samples }) => heard(Buffer.from(samples.buffer));
};
const gathered = new Promise((resolve) => {
  peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && resolve();
});
await peer.setLocalDescription(await peer.createOffer());
await gathered;
const { answer, leave } = await call(peer.localDescription.sdp);
await peer.setRemoteDescription({ type: 'answer', sdp: answer });
// Its event may come before its handler could be asked.
while (peer.connectionState !== 'connected') await new Promise((resolve) => setTimeout(resolve, 20));
say('connected');
if (transport) {
  // The candidate that is in use, as its statistics name it.
  const stats = [...(await peer.getStats()).values()];
  const pair = stats.find(({ type, nominated }) => type === 'candidate-pair' && nominated);
  const local = stats.find(({ id }) => id === pair?.localCandidateId);
  say(local?.candidateType === 'relay' ? `relayed by ${local.relayProtocol}` : JSON.stringify(local ?? stats));
}
const data = readFileSync(process.env.PEER_SAMPLES);
const voice = Int16Array.from({ length: data.length / 2 }, (_, i) => data.readInt16LE(2 * i));
await speak((n) => {
  for (const half of [0, 480]) {
    const at = (n * 960 + half) % voice.length;
    const samples = voice.slice(at, at + 480);
    source.onData({ samples, sampleRate: 48000, bitsPerSample: 16, channelCount: 1, numberOfFrames: 480 });
  }
});
await leave();
peer.close();
process.exit(0);
