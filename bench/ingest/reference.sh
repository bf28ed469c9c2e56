#!/bin/bash
# One bare ffmpeg command line per result, one after another: what somebody would write who wants these results of a film.
# The film is decoded whole for previews and storyboard, since seeking finds keyframes and not every n-th frame.
# The waveform's samples are thrown away instead of being reduced to peaks, which only helps the reference.
# Usage: bash bench/ingest/reference.sh FILM FOLDER SECONDS   (FFMPEG, FFPROBE: other programs than those on the search path)
set -euo pipefail
film=$1 folder=$2 seconds=$3
ffmpeg() { "${FFMPEG:-$(type -P ffmpeg)}" -hide_banner -nostdin -nostats -loglevel error -y "$@"; }

"${FFPROBE:-ffprobe}" -v error -show_format -show_streams -of json "$film" > "$folder/probe.json"
ffmpeg -ss $((seconds / 10)) -i "$film" -frames:v 1 -q:v 3 "$folder/poster.jpg"
mkdir -p "$folder/previews"
# Every five seconds.
ffmpeg -i "$film" -an -vf fps=1/5,scale=512:-2 -q:v 3 "$folder/previews/%08d.jpg"
# A tile every second, two hundred at most; how long it took is told too, for those who leave it out.
TIMEFORMAT='%R %U %S'
tiles=$((seconds < 200 ? seconds : 200))
{ time ffmpeg -i "$film" -an -vf "fps=$tiles/$seconds,scale=160:-2,tile=10x$(((tiles + 9) / 10))" -frames:v 1 -q:v 3 "$folder/storyboard.jpg"; } 2> "$folder/storyboard.time"
ffmpeg -i "$film" -c:v libx264 -preset veryfast -crf 23 -profile:v high -pix_fmt yuv420p -force_key_frames 'expr:gte(t,n_forced*2)' \
  -c:a aac -b:a 128k -ac 2 -ar 48000 -movflags +faststart "$folder/proxy.mp4"
ffmpeg -i "$film" -vn -c:a aac -b:a 128k -ac 2 -ar 48000 -movflags +faststart "$folder/audio.m4a"
ffmpeg -i "$film" -vn -ac 1 -ar 48000 -c:a pcm_s16le -f s16le /dev/null
