"""The scripts of scenarios/campaigns/, under GNU parallel and under a Slurm of the test's own. Where these are not installed the case is noted as skipped."""
import shutil

from stage import ROOT
import slurm

SCRIPTS = ROOT / "scenarios/campaigns"
SCHEDULES = 6000
SHARDS = 4


def parallel_case(campaigns, scenario):
    if not shutil.which("parallel"):
        campaigns.stage.note("GNU parallel is not installed: its example was not run")
        return
    out = campaigns.out("parallel")
    environment = {**campaigns.stage.environment, "IRQLAB": str(campaigns.stage.program)}
    run = campaigns.stage.irqlab(scenario, out, SCHEDULES, SHARDS, "--jobs", "2", program=SCRIPTS / "parallel.sh", env=environment)
    campaigns.says("GNU parallel: the example ends with the whole", run, 1, "explored 6,000 schedules")
    campaigns.same("GNU parallel: ... which is what one process finds", out / "all", campaigns.reference("portfolio", SCHEDULES))
    run = campaigns.stage.irqlab(program=SCRIPTS / "parallel.sh")
    campaigns.says("GNU parallel: called without arguments", run, 2, "SCENARIO FOLDER SCHEDULES SHARDS")


def array_submit(campaigns, cluster, scenario, out):
    run = cluster.call("sbatch", "--parsable", f"--array=1-{SHARDS}", "-o", str(cluster.folder / "task-%a.out"), str(SCRIPTS / "slurm-array.sh"),
                       str(scenario), str(out), str(SCHEDULES), environment={"IRQLAB": str(campaigns.stage.program)})
    campaigns.stage.case("Slurm: the array is taken", None if run.returncode == 0 else run.stdout + run.stderr)


def slurm_cases(campaigns, scenario):
    why = slurm.missing()
    if why:
        campaigns.stage.note(f"the Slurm example was not run: {why}")
        return
    cluster, out = slurm.Slurm(), campaigns.out("slurm-found")
    try:
        why = cluster.start()
        if why:
            campaigns.stage.note(f"the Slurm example was not run: it does not come up here: {why.splitlines()[-1]}")
            return
        array_submit(campaigns, cluster, scenario, out)
        campaigns.stage.case("Slurm: its tasks end", None if cluster.wait(cluster.is_idle, 60) else cluster.call("squeue").stdout)
        said = [line for path in sorted(cluster.folder.glob("task-*.out")) for line in path.read_text().splitlines()]
        found = len(list(out.glob("*.jsonl"))) if out.exists() else 0
        campaigns.stage.case("Slurm: each task kept its shard", None if found == SHARDS else [f"{found} of {SHARDS}", *said])
        run = campaigns.stage.irqlab("merge", out / "all", out)
        campaigns.says("Slurm: the shards joined", run, 1, "explored 6,000 schedules")
        campaigns.same("Slurm: ... are what one process finds", out / "all", campaigns.reference("portfolio", SCHEDULES))
    finally:
        cluster.stop()


def cases(campaigns):
    scenario = campaigns.scenario
    parallel_case(campaigns, scenario)
    slurm_cases(campaigns, scenario)
