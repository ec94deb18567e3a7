#!/bin/sh
# A campaign with GNU parallel: on all processors of this machine, or of several.
#
#   scenarios/campaigns/parallel.sh SCENARIO FOLDER SCHEDULES SHARDS [OPTION OF parallel ...]
#   scenarios/campaigns/parallel.sh mine.json found 1000000 16
#   scenarios/campaigns/parallel.sh mine.json found 1000000 16 --sshlogin one,two     FOLDER on a file system they share
#
# Called again it goes on from where it was; what is done is done. IRQLAB names the program, where it is not in the PATH.
set -eu
if [ $# -lt 4 ]; then
  sed -n 's/^# \{0,1\}//p' "$0" | sed -n '3,6p' >&2
  exit 2
fi
scenario=$1 folder=$2 schedules=$3 shards=$4
shift 4
irqlab=${IRQLAB:-irqlab}

# A shard that finds something ends with 1, which is no reason for parallel to call it failed.
seq "$shards" | parallel --will-cite --line-buffer "$@" \
  "'$irqlab' explore --quiet --jobs 1 --schedules '$schedules' --shard {}/'$shards' --out '$folder' '$scenario' || [ \$? -eq 1 ]"

exec "$irqlab" merge "$folder/all" "$folder"
