// A seat by libdatachannel: the stack of OBS. With PEER_CANDIDATES=none its offer names no address, as that of OBS.
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
const { sdp } = peer.localDescription();
const bare = process.env.PEER_CANDIDATES === 'none';
const { answer, leave } = await call(bare ? sdp.replace(/a=(candidate:|end-of-candidates).*\r\n/g, '') : sdp);
peer.setRemoteDescription(answer, 'answer');
await connected;
say('connected');
await speak((n, unit) => track.isOpen() && track.sendMessageBinary(rtp(n, unit)));
await leave();
peer.close();
nodeDataChannel.cleanup();
