#!/bin/bash
# Jobs of a Slurm cluster on one study. Each resumes what the ones before it left.
#
#     python tune.py --workers 0 --storage STORAGE               creates the study, once
#     sbatch slurm.sh --storage STORAGE --trials 400             runs it
#     python tune.py --workers 0 --seeds 0 --storage STORAGE     writes the best so far, whenever you like
#     python tune.py --workers 0 --storage STORAGE               at the end: other seeds, and the test set
#
# STORAGE: a database such as postgresql+psycopg://user@host/name, or study.journal if all jobs run on one machine.
# The folder of the trials has to be one that all nodes see.
#
#SBATCH --job-name=tune
#SBATCH --array=1-8%4              # eight jobs, four at a time
#SBATCH --time=04:00:00
#SBATCH --signal=TERM@120          # two minutes before the time is over, the running trials are told
#SBATCH --ntasks=1                 # with more, srun starts that many tune.py
#SBATCH --cpus-per-task=2
##SBATCH --gpus-per-task=1         # for a GPU, take one # away
#SBATCH --output=slurm-%A_%a.txt

export SRUN_CPUS_PER_TASK="${SLURM_CPUS_PER_TASK:-1}"  # srun does not take it over by itself since Slurm 22.05
srun python tune.py --workers 1 --seeds 0 "$@"
