#!/bin/sh
# A campaign as a Slurm job array: one shard a task, on as many machines as there are.
#
#   sbatch --array=1-16 scenarios/campaigns/slurm-array.sh SCENARIO FOLDER SCHEDULES
#   sbatch --dependency=afterany:JOB --wrap 'irqlab merge FOLDER/all FOLDER'
#
# FOLDER lies on a file system that the machines share. A task that is killed, preempted or out of time loses at most the schedules in flight; submit the
# same array again and it goes on. IRQLAB names the program, where it is not in the PATH.
#SBATCH --job-name=irqlab
#SBATCH --requeue
#SBATCH --open-mode=append
set -eu
if [ $# -ne 3 ] || [ -z "${SLURM_ARRAY_TASK_ID:-}" ]; then
  echo 'usage: sbatch --array=1-SHARDS slurm-array.sh SCENARIO FOLDER SCHEDULES' >&2
  exit 2
fi
"${IRQLAB:-irqlab}" explore --jobs "${SLURM_CPUS_PER_TASK:-1}" --schedules "$3" --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \
  --out "$2" "$1" || [ $? -eq 1 ] # 1: something was found
