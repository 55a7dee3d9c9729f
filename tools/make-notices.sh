#!/usr/bin/env bash
# Makes the spoken notices of the standby sound anew. Needs espeak-ng and ffmpeg.
# `lost` is said when the speakers are gone, `soon` before a Space begins.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { # name, voice, words a minute, sentence
  espeak-ng -v "$2" -s "$3" -w "$work/$1.wav" "$4"
  ffmpeg -v error -y -i "$work/$1.wav" -af "aresample=48000,apad=pad_dur=0.3" -ac 1 \
    -c:a libopus -b:a 32k -application voip -fflags +bitexact -map_metadata -1 "src/parvis/stage/notices/$1.opus"
}

say en-lost en-gb 140 "We lost the speakers for a moment. The Space stays open; please stay."
say en-soon en-gb 140 "You are in the right place. This Space is about to begin; please stay."
say fr-lost fr-fr 135 "Le son de la scène est interrompu. L'Espace reste ouvert : restez avec nous."
say fr-soon fr-fr 135 "Vous êtes au bon endroit. Cet Espace va bientôt commencer : restez avec nous."
