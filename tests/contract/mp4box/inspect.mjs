// Reads an init segment and parts from standard input with mp4box.js; prints what it sees as one line of JSON.
import { readFileSync } from 'node:fs';
import { createFile, MP4BoxBuffer } from 'mp4box';

const input = readFileSync(0);
const file = createFile();
let info = null;
file.onReady = (found) => {
  info = found;
};
file.onError = (module, message) => {
  throw new Error(`${module}: ${message}`);
};
const bytes = input.buffer.slice(input.byteOffset, input.byteOffset + input.byteLength);
file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(bytes, 0));
file.flush();

const only = (box, names) => Object.fromEntries(names.map((name) => [name, box[name]]));
const entry = file.moov.traks[0].mdia.minf.stbl.stsd.entries[0];

const boxes = file.boxes.map((box) => {
  switch (box.type) {
    case 'prft':
      return only(box, ['type', 'size', 'version', 'flags', 'ref_track_id', 'ntp_timestamp', 'media_time']);
    case 'emsg':
      return {
        ...only(box, ['type', 'size', 'version', 'timescale', 'presentation_time', 'event_duration', 'id']),
        ...only(box, ['scheme_id_uri', 'value']),
        message: new TextDecoder().decode(box.message_data),
      };
    case 'moof': {
      const [traf] = box.trafs;
      const [trun] = traf.truns;
      return {
        ...only(box, ['type', 'size']),
        sequence_number: box.mfhd.sequence_number,
        track_id: traf.tfhd.track_id,
        tfhd_flags: traf.tfhd.flags,
        default_sample_duration: traf.tfhd.default_sample_duration,
        default_sample_flags: traf.tfhd.default_sample_flags,
        base_media_decode_time: traf.tfdt.baseMediaDecodeTime,
        data_offset: trun.data_offset,
        sample_size: trun.sample_size,
      };
    }
    default:
      return only(box, ['type', 'size']);
  }
});

const samples = file.moov.traks[0].samples.map((sample) =>
  only(sample, ['offset', 'size', 'dts', 'cts', 'duration', 'is_sync']),
);

process.stdout.write(
  JSON.stringify({
    brands: info.brands,
    codec: info.tracks[0].codec,
    timescale: info.tracks[0].timescale,
    audio: info.tracks[0].audio,
    edits: info.tracks[0].edits ?? null,
    dops: entry.dOps ? only(entry.dOps, ['Version', 'OutputChannelCount', 'PreSkip', 'InputSampleRate']) : null,
    boxes,
    samples,
  }, (_, value) => (typeof value === 'bigint' ? value.toString() : value)) + '\n',
);
