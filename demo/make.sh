#!/usr/bin/env bash
# Makes the demo's media beside this script, the same on every run. They are committed: run it only to change them.
# Needs Debian's ffmpeg (5.1 or later, with librsvg, libx264 and drawtext), espeak-ng and fonts-dejavu-core.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fonts=/usr/share/fonts/truetype/dejavu
sans=$fonts/DejaVuSans.ttf bold=$fonts/DejaVuSans-Bold.ttf serif=$fonts/DejaVuSerif.ttf mono=$fonts/DejaVuSansMono.ttf
rate=25
ff() { ffmpeg -hide_banner -nostdin -v error -y "$@"; }

# --- drawing -------------------------------------------------------------------------------------------------------

layer() { # WIDTH HEIGHT FILE.png < content; ffmpeg's SVG decoder multiplies colours by their opacity, overlay wants them whole
  svg "$1" "$2" >"$work/layer.svg"
  ff -i "$work/layer.svg" -vf format=gbrap,unpremultiply=inplace=1,format=rgba "$3"
}
svg() { # WIDTH HEIGHT < content
  printf '<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %s %s">%s</svg>' "$1" "$2" "$1" "$2" "$(cat)"
}
fade() { # ID COLOUR... : a vertical gradient through evenly spaced colours
  local id=$1 i=0 n=$(($# - 2)); shift
  printf '<linearGradient id="%s" x1="0" y1="0" x2="0" y2="1">' "$id"
  for colour; do printf '<stop offset="%s%%" stop-color="%s"/>' $((100 * i / n)) "$colour"; i=$((i + 1)); done
  printf '</linearGradient>'
}
ridge() { # WIDTH HEIGHT BASE AMPLITUDE SEED FILL : hills as a sum of waves
  awk -v w="$1" -v h="$2" -v base="$3" -v amp="$4" -v seed="$5" -v fill="$6" 'BEGIN {
    printf "<path fill=\"%s\" d=\"M0 %d", fill, h
    for (x = 0; x <= w; x += 8) {
      y = base - amp * (0.55 * sin(x / 210 + seed) + 0.3 * sin(x / 97 + seed * 2.3) + 0.12 * sin(x / 41 + seed * 5.1) + 0.03 * sin(x / 13 + seed))
      printf " L%d %.1f", x, y
    }
    printf " L%d %d Z\"/>", w, h }'
}
trees() { # WIDTH BASE AMPLITUDE SEED FILL : firs that stand on the ridge of the same numbers
  awk -v w="$1" -v base="$2" -v amp="$3" -v seed="$4" -v fill="$5" 'BEGIN {
    srand(seed * 100)
    for (x = 20; x < w; x += 16 + 70 * rand() * rand()) {
      y = base - amp * (0.55 * sin(x / 210 + seed) + 0.3 * sin(x / 97 + seed * 2.3) + 0.12 * sin(x / 41 + seed * 5.1)) + 6
      t = 26 + 44 * rand(); b = t * 0.2
      printf "<path fill=\"%s\" d=\"M%.1f %.1f l%.1f %.1f h%.1f z M%.1f %.1f l%.1f %.1f h%.1f z\"/>", fill, x, y - t, b, t * 0.62, -2 * b, x, y - t * 0.62, b * 1.35, t * 0.62, -2.7 * b
    } }'
}
cloud() { # X Y SCALE OPACITY
  printf '<g transform="translate(%s %s) scale(%s)" fill="#fff" opacity="%s"><ellipse cx="0" cy="0" rx="120" ry="16"/><ellipse cx="-30" cy="-14" rx="52" ry="20"/><ellipse cx="34" cy="-20" rx="60" ry="26"/></g>' "$@"
}
waves() { # WIDTH HEIGHT SEED FILL
  awk -v w="$1" -v h="$2" -v seed="$3" -v fill="$4" 'BEGIN {
    printf "<path fill=\"%s\" d=\"M0 %d", fill, h
    for (x = 0; x <= w; x += 6) printf " L%d %.1f", x, 14 + 7 * sin(x / 38 + seed) + 3 * sin(x / 17 + seed * 3)
    printf " L%d %d Z\"/>", w, h }'
}
disc() { # SIZE COLOUR : the sun with its glow
  printf '<radialGradient id="g"><stop offset="0" stop-color="%s"/><stop offset=".30" stop-color="%s"/><stop offset=".32" stop-color="%s" stop-opacity=".45"/><stop offset="1" stop-color="%s" stop-opacity="0"/></radialGradient><circle cx="%s" cy="%s" r="%s" fill="url(#g)"/>' "$2" "$2" "$2" "$2" $(($1 / 2)) $(($1 / 2)) $(($1 / 2))
}

# --- the two versions of a spot ------------------------------------------------------------------------------------

spot() { # NAME, and a palette and words in the variables below
  local d=$work/$1; mkdir -p "$d"
  { fade s $sky; echo '<rect width="1280" height="720" fill="url(#s)"/>'; } | layer 1280 720 "$d/sky.png"
  disc 520 "$sun" | layer 520 520 "$d/sun.png"
  { cloud 180 120 1.1 .75; cloud 640 70 .8 .55; cloud 1080 170 1.3 .65; cloud 1500 100 1 .6; } | layer 1700 260 "$d/clouds.png"
  ridge 1700 720 430 90 "$seed" "$far" | layer 1700 720 "$d/far.png"
  ridge 1800 720 520 80 "$((seed + 2))" "$mid" | layer 1800 720 "$d/mid.png"
  { trees 2000 640 60 "$((seed + 4))" "$near"; ridge 2000 720 640 60 "$((seed + 4))" "$near"; } | layer 2000 720 "$d/near.png"
  { fade w $sea; echo '<rect width="1280" height="360" fill="url(#w)"/>'; } | layer 1280 360 "$d/sea.png"
  waves 1700 260 1 "$wave1" | layer 1700 260 "$d/wave1.png"
  waves 1700 180 4 "$wave2" | layer 1700 180 "$d/wave2.png"
  printf '<path d="M20 150 h220 l-34 46 h-150 z" fill="%s"/><path d="M124 8 v136" stroke="#3b2a24" stroke-width="6"/><path d="M132 14 q96 60 84 126 h-84 z" fill="#fff8ea"/><path d="M116 40 q-58 48 -66 100 h66 z" fill="#f1e2c6"/>' "$hull" | layer 260 200 "$d/boat.png"
  { fade t $table; echo '<rect width="1280" height="720" fill="url(#t)"/>'; echo '<g transform="translate(640 250)"><path d="M-86 -40 h172 q-4 120 -86 120 t-86 -120 z" fill="#fff8ea"/><path d="M84 -22 q54 -6 48 34 q-8 38 -66 34" fill="none" stroke="#fff8ea" stroke-width="13"/><ellipse cx="0" cy="-40" rx="86" ry="15" fill="'"$tea"'"/><ellipse cx="0" cy="96" rx="120" ry="12" fill="#fff8ea" opacity=".35"/></g>'; } | layer 1280 720 "$d/table.png"
  printf '<g fill="none" stroke="#fff" stroke-width="9" stroke-linecap="round" opacity=".5"><path d="M20 110 q-24 -28 0 -52 t0 -52"/><path d="M64 118 q-24 -28 0 -52 t0 -52"/><path d="M108 110 q-24 -28 0 -52 t0 -52"/></g>' | layer 130 130 "$d/steam.png"
  local still=(-loop 1 -framerate $rate)
  ff "${still[@]}" -i "$d/sky.png" "${still[@]}" -i "$d/sun.png" "${still[@]}" -i "$d/clouds.png" "${still[@]}" -i "$d/far.png" "${still[@]}" -i "$d/mid.png" "${still[@]}" -i "$d/near.png" -filter_complex \
    "[0][1]overlay=x='$sunx-260':y='250-24*t'[a];[a][2]overlay=x='-60-14*t':y=10[b];[b][3]overlay=x='-40-12*t':y=0[c];[c][4]overlay=x='-30-34*t':y=0[d];[d][5]overlay=x='-20-80*t':y=0,format=yuv444p" -t "$hills" -c:v ffv1 "$d/1.mkv"
  ff "${still[@]}" -i "$d/sky.png" "${still[@]}" -i "$d/sun.png" "${still[@]}" -i "$d/sea.png" "${still[@]}" -i "$d/wave1.png" "${still[@]}" -i "$d/boat.png" "${still[@]}" -i "$d/wave2.png" -filter_complex \
    "[0][1]overlay=x='1280-$sunx-260':y='100+6*t'[a];[a][2]overlay=y=430[b];[b][3]overlay=x='-120+60*sin(t*0.9)':y=470[c];[c][4]overlay=x='330+46*t':y='345+9*sin(t*2.1)'[d];[d][5]overlay=x='-160-70*sin(t*0.8)':y='548+4*sin(t*2)',format=yuv444p" -t "$water" -c:v ffv1 "$d/2.mkv"
  ff "${still[@]}" -i "$d/table.png" "${still[@]}" -i "$d/steam.png" -filter_complex \
    "[1]format=rgba,colorchannelmixer=aa=0.8[s];[0][s]overlay=x='584+5*sin(t*2)':y='62-4*t',drawtext=fontfile=$serif:text='$title':fontsize=76:fontcolor=0xfff8ea:x=(w-tw)/2:y=430:alpha='min(1,max(0,t-0.4)/0.8)',drawtext=fontfile=$sans:text='$claim':fontsize=30:fontcolor=0xfff8ea:x=(w-tw)/2:y=535:alpha='min(1,max(0,t-1.2)/0.8)',format=yuv444p" -t "$cup" -c:v ffv1 "$d/3.mkv"
  # Four chords over a soft pulse, each note swelling and dying away.
  local note='exp(-1.1*mod(t,3))*min(1,8*mod(t,3))' chord="floor(mod(t/3,4))" root
  root="(220*$pitch*if(eq($chord,0),1,if(eq($chord,1),0.8909,if(eq($chord,2),1.1892,0.7492))))"
  local music="0.16*$note*(sin(2*PI*$root*t)+0.7*sin(2*PI*$root*1.4983*t)+0.6*sin(2*PI*$root*2.3784*t))+0.10*exp(-5*mod(t,0.75))*sin(2*PI*$root*4*t)+0.14*exp(-9*mod(t,1.5))*sin(2*PI*62*t)"
  local burnt="drawtext=fontfile=$mono:timecode='01\:00\:00\:00':rate=$rate:fontsize=24:fontcolor=white:x=24:y=h-46:box=1:boxcolor=black@0.45:boxborderw=8,drawtext=fontfile=$mono:text='%{frame_num}':start_number=0:fontsize=24:fontcolor=white:x=w-tw-24:y=h-46:box=1:boxcolor=black@0.45:boxborderw=8,drawtext=fontfile=$bold:text='$1':fontsize=20:fontcolor=white@0.8:x=w-tw-24:y=24"
  # A keyframe every five seconds wherever the cuts fall: clips that begin between them are the interesting ones.
  ff -i "$d/1.mkv" -i "$d/2.mkv" -i "$d/3.mkv" -f lavfi -i "aevalsrc='$music':s=48000:d=12" -filter_complex "[0][1][2]concat=n=3:v=1:a=0,$burnt,format=yuv420p[v];[3]volume=9dB,afade=t=in:d=0.3,afade=t=out:st=11:d=1,aecho=0.8:0.6:90|170:0.3|0.2,pan=stereo|c0=c0|c1=c0[a]" \
    -map '[v]' -map '[a]' -t 12 -c:v libx264 -preset veryslow -crf 25 -profile:v high -bf 3 -g 125 -keyint_min 125 -sc_threshold 0 -color_primaries bt709 -color_trc bt709 -colorspace bt709 \
    -c:a aac -b:a 96k -timecode 01:00:00:00 -movflags +faststart -fflags +bitexact -flags:v +bitexact -flags:a +bitexact "spots/$1.mp4"
}

mkdir -p spots interviews stills audio
sky='#2f3a6b #7a5b8c #e08a7d #ffd2a0' sun='#fff0c2' far='#8a6a93' mid='#5d4a78' near='#2b2546' sea='#e39a86 #6a5688 #2d2a55' wave1='#54487c' wave2='#2b2750' hull='#b8433a' table='#3a2f57 #7a4a5e' tea='#c7762f' \
  seed=1 sunx=860 hills=4 water=4 cup=4 pitch=1 title='Northlight' claim='Tea from the quiet hills' spot spot_v1
sky='#3f8fb5 #8cc7d2 #d8eede #fbf3d5' sun='#fffbe6' far='#7fb3ad' mid='#4c8f86' near='#1d4f4c' sea='#9fd3d3 #3f97a3 #1c5f73' wave1='#318796' wave2='#1a5c6d' hull='#1f6f8b' table='#14535a #4f8f6a' tea='#a8842c' \
  seed=3 sunx=380 hills=3 water=5 cup=4 pitch=1.1225 title='Northlight' claim='Hand-picked. Every single morning.' spot spot_v2

# --- a conversation ------------------------------------------------------------------------------------------------

# speaker | espeak-ng voice, speed, pitch | words
lines=(
  'Mara Lind|en-us+f3|150|52|We started with one field, high above the lake, and a very old map.'
  'Jonas Weber|en-gb+m3|148|38|What did the map show you?'
  'Mara Lind|en-us+f3|150|52|A path. Somebody had walked it every morning, for forty years, to pick the leaves before the sun came over the ridge.'
  'Jonas Weber|en-gb+m3|148|38|And that became the film?'
  'Mara Lind|en-us+f3|150|52|Yes. We wanted to show the light that she saw. Nothing else.'
  'Jonas Weber|en-gb+m3|148|38|I think you did. Thank you, Mara.'
)
clock() { awk -v s="$1" 'BEGIN { printf "%02d:%02d:%06.3f", s / 3600, (s % 3600) / 60, s % 60 }'; }
plus() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a + b }'; }

vtt=interviews/interview.vtt at=0.600 talk_inputs=() talk_filters='' talk_labels='' mara=0 jonas=0 i=0
printf 'WEBVTT\n' >$vtt
for line in "${lines[@]}"; do
  IFS='|' read -r who voice speed pitch words <<<"$line"
  espeak-ng -v "$voice" -s "$speed" -p "$pitch" -w "$work/raw.wav" "$words"
  # Cut to what is heard, so that the times in the transcript are those of the words.
  ff -i "$work/raw.wav" -af 'silenceremove=start_periods=1:start_threshold=-45dB,areverse,silenceremove=start_periods=1:start_threshold=-45dB,areverse,aresample=48000,acompressor=threshold=-20dB:ratio=3:makeup=2,highpass=f=90' "$work/line$i.wav"
  seconds=$(ffprobe -v error -show_entries format=duration -of csv=p=0 "$work/line$i.wav")
  end=$(plus "$at" "$seconds")
  printf '\n%s --> %s\n<v %s>%s\n' "$(clock "$at")" "$(clock "$end")" "$who" "$words" >>$vtt
  talk_inputs+=(-i "$work/line$i.wav")
  talk_filters+="[$i]adelay=$(awk -v s="$at" 'BEGIN { printf "%d", s * 1000 + 0.5 }'):all=1[l$i];" talk_labels+="[l$i]"
  case $who in Mara*) mara+="+between(t,$at,$end)" ;; *) jonas+="+between(t,$at,$end)" ;; esac
  at=$(plus "$end" 0.450) i=$((i + 1))
done
length=$(plus "$at" 0.700)
ff "${talk_inputs[@]}" -filter_complex "${talk_filters}${talk_labels}amix=inputs=$i:duration=longest:normalize=0,apad,atrim=duration=$length" -ac 1 "$work/talk.wav"

portrait() { # SKIN HAIR CLOTHES HAIRPATH
  printf '<clipPath id="c"><circle cx="130" cy="130" r="126"/></clipPath><circle cx="130" cy="130" r="126" fill="#e9dcc4"/><g clip-path="url(#c)"><path d="M20 262 q10 -88 110 -88 t110 88 z" fill="%s"/><path d="M106 150 h48 v34 q-24 22 -48 0 z" fill="%s"/>%s<ellipse cx="130" cy="112" rx="48" ry="58" fill="%s"/>%s<g fill="#2c2430"><circle cx="112" cy="112" r="4.6"/><circle cx="148" cy="112" r="4.6"/></g><path d="M112 140 q18 14 36 0" fill="none" stroke="#8c4a42" stroke-width="4" stroke-linecap="round"/></g>' "$3" "$1" "$4" "$1" "$5"
}
portrait '#e8b995' x '#2f6f73' '<path d="M70 190 q-18 -150 60 -148 t60 148 z" fill="#5b3526"/>' '<path d="M80 112 q2 -62 50 -62 t50 62 q-14 -38 -52 -40 q-36 4 -48 40z" fill="#5b3526"/>' | layer 260 260 "$work/mara.png"
portrait '#d9a47c' x '#7a4038' '' '<path d="M80 104 q-4 -58 50 -58 t50 58 q-8 -26 -26 -30 q-40 8 -58 -4 q-12 10 -16 34z" fill="#3a3a44"/><g fill="none" stroke="#2c2430" stroke-width="3"><circle cx="111" cy="112" r="15"/><circle cx="149" cy="112" r="15"/><path d="M126 112 h8"/></g>' | layer 260 260 "$work/jonas.png"
{ fade b '#20344a' '#35566a' '#5d7f7f'; echo '<rect width="960" height="540" fill="url(#b)"/>'; ridge 960 540 430 46 2 '#2b4a58'; ridge 960 540 480 34 5 '#1f3a48'; } | layer 960 540 "$work/room.png"
printf '<circle cx="150" cy="150" r="138" fill="none" stroke="#ffd9a0" stroke-width="9"/>' | layer 300 300 "$work/ring.png"
label="fontfile=$sans:fontsize=24:fontcolor=white:y=392"
ff -loop 1 -framerate $rate -i "$work/room.png" -loop 1 -framerate $rate -i "$work/mara.png" -loop 1 -framerate $rate -i "$work/jonas.png" -loop 1 -framerate $rate -i "$work/ring.png" -i "$work/talk.wav" -filter_complex \
  "[3]split[r1][r2];[0][1]overlay=150:100[a];[a][2]overlay=550:100[b];[b][r1]overlay=130:80:enable='$mara'[c];[c][r2]overlay=530:80:enable='$jonas'[d];[4]asplit[s][w];[w]volume=3,showwaves=s=640x64:mode=cline:rate=$rate:colors=0xffd9a0:scale=sqrt,format=rgba[waves];[d][waves]overlay=160:452:shortest=1,drawtext=$label:text='Mara Lind':x=280-tw/2,drawtext=$label:text='Jonas Weber':x=680-tw/2,format=yuv420p[v]" \
  -map '[v]' -map '[s]' -t "$length" -c:v libx264 -preset veryslow -crf 28 -bf 3 -g 100 -sc_threshold 0 -color_primaries bt709 -color_trc bt709 -colorspace bt709 -c:a aac -b:a 64k -movflags +faststart \
  -fflags +bitexact -flags:v +bitexact -flags:a +bitexact interviews/interview.mp4

# --- a still and a sound -------------------------------------------------------------------------------------------

{
  fade s '#1c2a4f' '#4a4f86' '#c77f93' '#f6b98d' '#ffe3b0'; fade l '#f3b48f' '#a9708f' '#3f3f72' '#1d2347'
  echo '<rect width="2400" height="1600" fill="url(#s)"/>'
  awk 'BEGIN { srand(11); for (i = 0; i < 160; i++) printf "<circle cx=\"%.0f\" cy=\"%.0f\" r=\"%.1f\" fill=\"#fff\" opacity=\"%.2f\"/>", rand() * 2400, rand() * rand() * 620, 0.8 + 2 * rand() * rand(), 0.25 + 0.6 * rand() }'
  printf '<g transform="translate(1330 520)">'; disc 760 '#fff1cc'; printf '</g>'
  cloud 520 430 2.2 .22; cloud 1880 360 2.6 .18; cloud 1250 560 1.8 .2
  ridge 2400 1030 830 150 1.7 '#8d6f95'; ridge 2400 1030 900 120 4.1 '#665686'; ridge 2400 1030 960 80 6.3 '#443d69'
  echo '<rect y="1020" width="2400" height="580" fill="url(#l)"/>'
  awk 'BEGIN { srand(5); for (i = 0; i < 230; i++) { y = 1030 + 560 * rand(); w = 40 + (y - 1000) * 0.5 * rand(); printf "<rect x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" height=\"%.1f\" rx=\"2\" fill=\"#fff1cc\" opacity=\"%.3f\"/>", 1710 - w / 2 + (rand() - 0.5) * (y - 940) * 1.1, y, w, 1.5 + (y - 1000) / 170, 0.05 + 0.3 * rand() } }'
  trees 2400 1580 60 2 '#1a1a33'; ridge 2400 1600 1580 60 2 '#1a1a33'
  printf '<g transform="translate(640 1080) scale(.8)"><path d="M20 150 h220 l-34 46 h-150 z" fill="#2a2346"/><path d="M124 8 v136" stroke="#2a2346" stroke-width="6"/><path d="M132 14 q96 60 84 126 h-84 z" fill="#f7d9b4"/><path d="M116 40 q-58 48 -66 100 h66 z" fill="#d9ab98"/></g>'
} | svg 2400 1600 >"$work/still.svg"
ff -i "$work/still.svg" -vf 'format=gbrp,noise=alls=5:all_seed=3,scale=out_color_matrix=bt601:out_range=pc,format=yuvj444p' -q:v 5 -huffman optimal -fflags +bitexact -flags:v +bitexact stills/still.jpg

wind="anoisesrc=color=pink:seed=4:r=22050:a=0.5:d=9"
bird='0.22*(gt(mod(t,2.9),0.7)*lt(mod(t,2.9),1.15)*sin(PI*(mod(t,2.9)-0.7)/0.45)*sin(2*PI*(2900*t+14*sin(2*PI*17*t)))+0.7*gt(mod(t,4.3),2.2)*lt(mod(t,4.3),2.6)*sin(PI*(mod(t,4.3)-2.2)/0.4)*sin(2*PI*(3700*t+20*sin(2*PI*9*t))))'
ff -f lavfi -i "$wind" -f lavfi -i "aevalsrc='$bird':s=22050:d=9" -filter_complex "[0]lowpass=f=700,tremolo=f=0.23:d=0.6[w];[1]aecho=0.8:0.7:140|260:0.25|0.15[b];[w][b]amix=inputs=2:normalize=0,afade=t=in:d=0.6,afade=t=out:st=8.2:d=0.8" -t 9 -ac 1 -c:a pcm_s16le -fflags +bitexact audio/atmo.wav
ls -l spots interviews stills audio
