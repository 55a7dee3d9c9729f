// A seat by libdatachannel: the stack of OBS.
import nodeDataChannel from 'node-datachannel';
import { PAYLOAD_TYPE, SSRC, call, heard, payloadOf, rtp, say, speak } from './whip.mjs';

const peer = new nodeDataChannel.PeerConnection('peer', { iceServers: [] });
const audio = new nodeDataChannel.Audio('0', 'SendRecv');
audio.addOpusCodec(PAYLOAD_TYPE);
audio.addSSRC(SSRC, 'peer', 'peer', 'sound');
const track = peer.addTrack(audio);
track.onMessage((packet) => {
  const unit = payloadOf(Buffer.from(packet));
  if (unit) heard(unit);
});
const connected = new Promise((resolve, reject) => {
  track.onOpen(resolve);
  track.onError((error) => reject(new Error(error)));
});
const gathered = new Promise((resolve) => {
  peer.onGatheringStateChange((state) => state === 'complete' && resolve());
});
peer.setLocalDescription('offer');
await gathered;
const { answer, leave } = await call(peer.localDescription().sdp);
peer.setRemoteDescription(answer, 'answer');
await connected;
say('connected');
await speak((n, unit) => track.isOpen() && track.sendMessageBinary(rtp(n, unit)));
await leave();
peer.close();
nodeDataChannel.cleanup();
