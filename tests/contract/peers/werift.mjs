// A seat by werift: WebRTC written anew in TypeScript.
import { MediaStreamTrack, RTCPeerConnection, RTCRtpCodecParameters } from 'werift';
import { PAYLOAD_TYPE, call, heard, rtp, say, speak } from './whip.mjs';

const opus = new RTCRtpCodecParameters({
  mimeType: 'audio/opus',
  clockRate: 48000,
  channels: 2,
  payloadType: PAYLOAD_TYPE,
});
const peer = new RTCPeerConnection({ codecs: { audio: [opus], video: [] }, iceServers: [] });
const track = new MediaStreamTrack({ kind: 'audio' });
const transceiver = peer.addTransceiver(track, { direction: 'sendrecv' });
transceiver.onTrack.subscribe((incoming) => {
  incoming.onReceiveRtp.subscribe((packet) => heard(packet.payload));
});
const connected = new Promise((resolve) => {
  peer.connectionStateChange.subscribe((state) => state === 'connected' && resolve());
});
await peer.setLocalDescription(await peer.createOffer());
const { answer, leave } = await call(peer.localDescription.sdp);
await peer.setRemoteDescription({ type: 'answer', sdp: answer });
await connected;
say('connected');
await speak((n, unit) => track.writeRtp(rtp(n, unit)));
await leave();
await peer.close();
process.exit(0);
