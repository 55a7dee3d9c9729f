#!/usr/bin/env bash
# Makes the voice of `parvis demo` anew. Needs espeak-ng and ffmpeg.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
espeak-ng -v en-gb -s 145 -w "$work/en.wav" \
  "Good evening. This is Parvis, and you hear it live. A voice enters at the stage, is mixed, encoded once, and reaches every listener as the same bytes. Open this page on another device: the sound is the same there, about two seconds behind me."
espeak-ng -v fr-fr -s 140 -w "$work/fr.wav" \
  "Bonsoir. Ici Parvis, en direct. Une voix monte sur scène, elle est mixée, encodée une seule fois, et chaque auditeur reçoit les mêmes octets. Ouvrez cette page sur un autre appareil : vous m'entendrez là aussi."
ffmpeg -v error -y -i "$work/en.wav" -i "$work/fr.wav" -filter_complex \
  "[0:a]aresample=48000,apad=pad_dur=1.2[a];[1:a]aresample=48000,apad=pad_dur=1.5[b];[a][b]concat=n=2:v=0:a=1" \
  -ac 1 -c:a libopus -b:a 32k -application voip -map_metadata -1 src/parvis/cli/voice/demo.opus
