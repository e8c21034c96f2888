#!/bin/bash
# Slurm jobs that work on one study. Each resumes what earlier jobs left unfinished.
#
#     python tune.py --workers 0 --storage STORAGE               creates the study, once
#     sbatch slurm.sh --storage STORAGE --trials 400             runs it
#     python tune.py --workers 0 --seeds 0 --storage STORAGE     writes the best so far, at any time
#     python tune.py --workers 0 --storage STORAGE               at the end: other seeds, and the test set
#
# STORAGE: a database such as postgresql+psycopg://user@host/name, or study.journal if all jobs run on one machine.
# All nodes must share the folder of the trials.
#
#SBATCH --job-name=tune
#SBATCH --array=1-8%4              # eight jobs, four at a time
#SBATCH --time=04:00:00
#SBATCH --signal=TERM@120          # two minutes before the time limit, running trials are told to stop
#SBATCH --ntasks=1                 # srun starts tune.py once per task
#SBATCH --cpus-per-task=2
##SBATCH --gpus-per-task=1         # for a GPU, remove one #
#SBATCH --output=slurm-%A_%a.txt

export SRUN_CPUS_PER_TASK="${SLURM_CPUS_PER_TASK:-1}"  # since Slurm 22.05, srun does not inherit it
srun python tune.py --workers 1 --seeds 0 "$@"
