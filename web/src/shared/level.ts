/** Level as in docs/protocol.md §3: 100 at 0 dBFS RMS, 0 at -60 dBFS and below, linear in dB. */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const rms = Math.sqrt(sum / Math.max(1, samples.length));
  if (rms === 0) return 0;
  return Math.round(Math.min(100, Math.max(0, (20 * Math.log10(rms) + 60) / 0.6)));
}
