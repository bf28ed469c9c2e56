#!/usr/bin/env bash
# Makes some eighty sources as cameras, phones, editors and artists leave them, of 1 to 3 seconds each:
#   bash test/corpus/make-corpus.sh FOLDER
# FFMPEG names the ffmpeg to make them with. What it cannot write is named, and left out.
set -euo pipefail
out=${1:?the folder to make them in}
ffmpeg=${FFMPEG:-ffmpeg}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
cd "$out"
export GCONV_PATH=/nonexistent LC_ALL=C.UTF-8 # a static build crashes on the system's character sets

make() { # NAME ARGUMENTS…
  local name=$1 said
  shift
  if ! said=$("$ffmpeg" -hide_banner -nostdin -v error -y "$@" "$name" 2>&1); then
    rm -f "$name"
    echo "left out: $name ($(tail -n 1 <<<"$said"))"
  fi
}
from() { if [ -f "$1" ]; then "${@:2}"; else echo "left out: what is made of $1"; fi; }
damaged() { from "$1" eval "cp '$1' '$2' && node '$here/damage.mjs' '$3' '$2' '${4:-}'"; }

# lavfi: pictures of a rate, a length and a size, and sound
p() { echo "-f lavfi -i testsrc2=s=${3:-320x180}:r=$1:d=$2"; }
s() { echo "-f lavfi -i sine=f=440:r=${2:-48000}:d=$1"; }
x264="-c:v libx264 -preset veryfast -crf 26 -pix_fmt yuv420p"
aac="-c:a aac -b:a 96k -ac 2"
hevc="-c:v libx265 -preset ultrafast -pix_fmt yuv420p10le -tag:v hvc1"
hdr="log-level=none:repeat-headers=1:colorprim=bt2020:colormatrix=bt2020nc"

# Rates
make film-23.976.mp4 $(p 24000/1001 2.002) $(s 2) $x264 $aac
make film-24.mov $(p 24 2) $(s 2) $x264 -c:a pcm_s16le -ac 2 -timecode 10:00:00:00
make pal-25.mp4 $(p 25 2) $(s 2) $x264 $aac -movflags +faststart
make drop-29.97.mov $(p 30000/1001 2.002) $(s 2) $x264 -c:a pcm_s16le -ac 2 -timecode '01:00:00;02'
make drop-59.94.mov $(p 60000/1001 2.002) $x264 -timecode '09:59:59;58'
make non-drop-29.97.mov $(p 30000/1001 1.001) $x264 -timecode 00:59:59:00
make sport-50.mp4 $(p 50 1) $x264
make game-60.mkv $(p 60 1) $(s 1) $x264 -c:a libopus
make slow-120.mp4 $(p 120 1) $x264
make lapse-1.mp4 $(p 1 3) $x264
make thousand.mp4 $(p 1000 1 64x36) -c:v libx264 -preset ultrafast -pix_fmt yuv420p
make screen-variable.mp4 -f lavfi -i "testsrc2=s=320x180:r=60:d=2,select='not(eq(mod(n\,7)\,3))*not(between(mod(n\,60)\,30\,44))'" -vsync vfr $x264 -video_track_timescale 90000
make wrap-24h.mov $(p 25 2) $x264 -timecode 23:59:59:00

# Shapes
for turn in 90 180 270; do damaged pal-25.mp4 "rotated-$turn.mp4" rotate "$turn"; done
make anamorphic.mp4 $(p 25 1 240x180) -vf setsar=4/3 $x264
make odd-321x181.mkv $(p 25 1 322x182) -vf scale=321:181,setsar=1 -c:v ffv1 -pix_fmt yuv420p
make tiny-2x2.mkv $(p 25 1 16x16) -vf scale=2:2,setsar=1 -c:v ffv1 -pix_fmt yuv420p
make upright.mp4 $(p 30 1 180x320) $x264
make wide-vp9.webm $(p 30 1 640x64) -c:v libvpx-vp9 -deadline realtime -cpu-used 8

# Interlaced
make dvd.mpg $(p 25 1 720x576) $(s 1) -vf setsar=64/45 -c:v mpeg2video -flags +ildct+ilme -top 1 -c:a mp2 -ac 2 -f vob
make xdcam.mxf $(p 25 1 1920x1080) $(s 1) -c:v mpeg2video -pix_fmt yuv422p -b:v 20M -flags +ildct+ilme -top 1 -c:a pcm_s24le -timecode 10:11:12:13
make avchd.mts $(p 30000/1001 1.001) $(s 1) -vf setfield=tff $x264 -flags +ildct+ilme -c:a ac3 -ac 2 -f mpegts
make dv-ntsc.mov $(p 30000/1001 1.001 720x480) $(s 1) -vf setfield=bff -c:v dvvideo -flags +ildct+ilme -top 0 -pix_fmt yuv411p -aspect 4:3 -c:a pcm_s16le -ac 2
make dv-pal.dv $(p 25 1 720x576) $(s 1) -target pal-dv -aspect 16:9
make prores-bff.mov $(p 25 1) -vf setfield=bff -c:v prores_ks -profile:v 2 -flags +ildct -top 0

# Times
make open-gop.mp4 $(p 25 3) $x264 -x264-params open-gop=1:scenecut=0:keyint=20:bframes=3
make negative-cts.mp4 $(p 25 2) $x264 -bf 3 -movflags +negative_cts_offsets
from pal-25.mp4 make late-sound.mp4 -i pal-25.mp4 -itsoffset 0.4 -i pal-25.mp4 -map 0:v -map 1:a -c copy
from pal-25.mp4 make late-picture.mkv -itsoffset 0.4 -i pal-25.mp4 -i pal-25.mp4 -map 0:v -map 1:a -c copy
from pal-25.mp4 make cut-by-edit-list.mp4 -ss 0.5 -i pal-25.mp4 -c copy
make long-sound.mp4 $(p 25 1) $(s 3) $x264 $aac
from pal-25.mp4 make starts-at-10s.ts -i pal-25.mp4 -c copy -output_ts_offset 10 -muxdelay 0 -muxpreload 0
from pal-25.mp4 make fragmented.mp4 -i pal-25.mp4 -c copy -movflags frag_keyframe+empty_moov+default_base_moof
make recorder.webm $(p 30 2) $(s 2) -c:v libvpx -deadline realtime -cpu-used 8 -g 15 -c:a libopus -live 1

# Colour
make hdr10.mp4 $(p 25 1) $hevc -x265-params "$hdr:transfer=smpte2084:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400"
from hdr10.mp4 make hdr10.ts -i hdr10.mp4 -c copy
make pq.mp4 $(p 25 1) $hevc -x265-params "$hdr:transfer=smpte2084"
make hlg.mp4 $(p 50 1) $(s 1) $hevc -x265-params "$hdr:transfer=arib-std-b67" $aac
make full-range.mp4 $(p 25 1) -vf scale=out_range=pc:out_color_matrix=bt709 -c:v libx264 -preset veryfast -pix_fmt yuv420p -color_range pc -colorspace bt709 -color_primaries bt709 -color_trc bt709
make pal-colours.mp4 $(p 25 1) $x264 -color_range tv -colorspace bt470bg -color_primaries bt470bg -color_trc gamma28
make rgb.mkv $(p 25 1) -c:v libx264rgb -preset veryfast -pix_fmt bgr24
make chroma-444.mp4 $(p 25 1) -c:v libx264 -preset veryfast -pix_fmt yuv444p
make chroma-422-10.mov $(p 25 1) $(s 1) -c:v libx264 -preset veryfast -pix_fmt yuv422p10le -c:a pcm_s24le -ac 2
make alpha.mov $(p 25 1) -vf format=argb -c:v qtrle
make alpha-prores.mov $(p 24 1) -vf format=yuva444p10le -c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le

# Codecs and containers
make prores-hq.mov $(p 24000/1001 1.001) $(s 1) -c:v prores_ks -profile:v 3 -pix_fmt yuv422p10le -c:a pcm_s24le -ac 2 -timecode 01:00:00:00
make dnxhr-hqx.mxf $(p 25 1 640x360) $(s 1) -c:v dnxhd -profile:v dnxhr_hqx -pix_fmt yuv422p10le -c:a pcm_s16le -timecode 02:00:00:00
make dnxhd.mov $(p 25 1 1920x1080) -c:v dnxhd -b:v 120M -pix_fmt yuv422p
make photo.mov $(p 15 1) $(s 1) -c:v mjpeg -pix_fmt yuvj420p -c:a pcm_s16le
make webcam.avi $(p 15 1) $(s 1 22050) -c:v mjpeg -pix_fmt yuvj422p -c:a pcm_u8
make divx.avi $(p 25 1) $(s 1 44100) -c:v mpeg4 -vtag DX50 -c:a libmp3lame -ac 2
make vp8.webm $(p 25 1) $(s 1) -c:v libvpx -deadline realtime -cpu-used 8 -c:a libvorbis -ac 2
make vp9-10.webm $(p 25 1) -c:v libvpx-vp9 -pix_fmt yuv420p10le -profile:v 2 -deadline realtime -cpu-used 8
make av1.mp4 $(p 25 0.4) -c:v libaom-av1 -strict experimental -cpu-used 8 -pix_fmt yuv420p -frames:v 10
make mpeg1.mpg $(p 25 2) $(s 2 44100) -c:v mpeg1video -c:a mp2
make h263.3gp $(p 15 1 176x144) $(s 1 44100) -c:v h263 -c:a aac
make theora.ogv $(p 25 1) $(s 1 44100) -c:v libtheora -c:a libvorbis -ac 2
make sorenson.flv $(p 25 1) $(s 1 44100) -c:v flv -c:a libmp3lame
from pal-25.mp4 make stream.flv -i pal-25.mp4 -c copy
make office.wmv $(p 25 1) $(s 1 44100) -c:v wmv2 -c:a wmav2 -ac 2
make broadcast.gxf $(p 25 1 720x576) $(s 1) -c:v mpeg2video -pix_fmt yuv420p -c:a pcm_s16le -timecode 03:00:00:00
make anything.nut $(p 25 1) $(s 1) -c:v rawvideo -pix_fmt yuv420p -c:a pcm_s16le
make huffyuv.avi $(p 25 1) -c:v huffyuv -pix_fmt yuv422p
make raw-bgr.avi $(p 25 1 64x36) -c:v rawvideo -pix_fmt bgr24
make v210.mov $(p 25 1) -c:v v210 -pix_fmt yuv422p10le
make ffv1-16.mkv $(p 25 1) -c:v ffv1 -level 3 -pix_fmt yuv444p16le
make cinepak.avi $(p 12 1) -c:v cinepak

# Sound
mono=$(for _ in 1 2 3 4 5 6 7 8; do echo "-map 1:a"; done)
make eight-mono.mov $(p 25 1) $(s 1) -map 0:v $mono $x264 -c:a pcm_s24le -ac 1
make mono-pair.mov $(p 25 1) $(s 1) -map 0:v -map 1:a -map 1:a $x264 -c:a pcm_s16le -ac 1
make two-languages.mkv $(p 25 1) $(s 1) -map 0:v -map 1:a -map 1:a $x264 -c:a flac -ac 1 -metadata:s:a:0 language=eng -metadata:s:a:1 language=deu
make surround-5.1.mp4 $(p 25 1) $(s 1) $x264 -c:a aac -ac 6 -metadata:s:a:0 language=eng
make surround-7.1.mkv $(p 25 1) $(s 1) $x264 -c:a flac -ac 8
make eight-untold.mkv $(p 25 1) $(s 1) $x264 -c:a pcm_s24le -ac 8
make studio.wav $(s 1 96000) -c:a pcm_s24le -ac 2
make float.w64 $(s 1) -c:a pcm_f32le
make song.mp3 $(s 2 44100) $(p 1 1 64x64) -map 0 -map 1 -c:a libmp3lame -ac 2 -c:v mjpeg -pix_fmt yuvj420p -disposition:v attached_pic -id3v2_version 3
make music.flac $(s 1 44100) -c:a flac -sample_fmt s32 -bits_per_raw_sample 24 -ac 2
make music.ogg $(s 1 44100) -c:a libvorbis -ac 2
make voice.opus $(s 1) -c:a libopus -ac 1
make apple.aiff $(s 1 44100) -c:a pcm_s16be -ac 2
make apple.caf $(s 1) -c:a alac -ac 2
make adts.aac $(s 3 44100) -c:a aac -ac 2
make dolby.ac3 $(s 1) -c:a ac3 -ac 6
make sound-only.mp4 $(s 1) $aac

# What else lies in a file
printf ';FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=2000\ntitle=Two\n' >"$work/chapters"
printf '1\n00:00:00,000 --> 00:00:01,000\nHello\n' >"$work/words.srt"
printf 'no font' >"$work/font.ttf"
make chapters.m4a $(s 2 44100) -i "$work/chapters" -map_metadata 1 -c:a aac -ac 2
make subtitles.mkv $(p 25 1) $(s 1) -i "$work/words.srt" -map 0 -map 1 -map 2 $x264 -c:a libvorbis -ac 2 -c:s srt -metadata:s:s:0 language=fra -attach "$work/font.ttf" -metadata:s:t mimetype=application/x-truetype-font
make phone.mov $(p 30 1) $(s 1) $x264 $aac -movflags use_metadata_tags -metadata com.apple.quicktime.make=Apple -metadata 'com.apple.quicktime.model=iPhone 14 Pro' -metadata com.apple.quicktime.creationdate=2023-05-06T07:08:09+0200 -metadata com.apple.quicktime.location.ISO6709=+52.5200+013.4050/ -metadata 'com.apple.quicktime.camera.lens_model=iPhone 14 Pro back camera 6.86mm f/1.78'
make android.mp4 $(p 30 1) $x264 -movflags use_metadata_tags -metadata com.android.manufacturer=Google -metadata 'com.android.model=Pixel 7' -metadata creation_time=2024-05-06T07:08:09Z
damaged pal-25.mp4 empty-sound.mp4 no-samples
from pal-25.mp4 make empty-fragments.mp4 -i pal-25.mp4 -f lavfi -t 1 -i anullsrc -map 0:v -map 1:a -c:v copy -c:a aac -filter:a atrim=end_sample=0 -movflags empty_moov+frag_keyframe

# Lies and damage
damaged pal-25.mp4 claims-10h.mp4 movie-hours 10
make "$work/claim.mkv" $(p 25 2) $x264
damaged "$work/claim.mkv" claims-10h.mkv matroska-hours 10
make "$work/claim.avi" $(p 25 2) -c:v mpeg4
damaged "$work/claim.avi" claims-10h.avi avi-hours 10
make "$work/index-last.mp4" $(p 25 2) $x264
damaged "$work/index-last.mp4" no-index.mp4 cut 0.5
damaged pal-25.mp4 breaks-off.mp4 cut 0.6
make "$work/whole.mkv" $(p 25 3) $x264 -g 12
damaged "$work/whole.mkv" breaks-off.mkv cut 0.5
damaged pal-25.mp4 unknown-codec.mp4 codec-tag zzz1
damaged sport-50.mp4 unknown-silent.mp4 codec-tag zzz1
make encrypted.mp4 $(p 25 1) $x264 -encryption_scheme cenc-aes-ctr -encryption_key 76a6c65c5ea762046bd749a2e632ccbb -encryption_kid a7e61c373e219033c21091fa607bf3b8
: >empty.mp4
printf 'This is a letter, and no film.\n%.0s' {1..50} >letter.mp4
head -c 60000 <(node -e 'let s=7;for(let i=0;i<60000;i++){s=(s*1103515245+12345)&0x7fffffff;process.stdout.write(Buffer.from([s>>16&255]))}') >noise.mov
printf '#EXTM3U\n#EXTINF:2,\nfilm-24.mov\n#EXT-X-ENDLIST\n' >playlist.mp4
echo "$(find . -maxdepth 1 -type f | wc -l) sources in $out"
