"""A Slurm of one controller and one node on loopback, for as long as it is needed: its own key, configuration and folder, no systemd, no cgroups."""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

PROGRAMS = ["slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "sinfo", "munged"]


def missing():
    """Why it cannot be started here; None: it can."""
    gone = [name for name in PROGRAMS if not shutil.which(name, path=search_path())]
    if gone:
        return f"{', '.join(gone)} not installed (Debian: slurmctld slurmd slurm-client munge)"
    return None if os.geteuid() == 0 else "slurmd wants to be root"


def search_path():
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Slurm:
    def __init__(self, cpus=2):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="irqlab-slurm-"))  # a socket's path must be short
        self.processes = []
        self.environment = {**os.environ, "PATH": search_path(), "SLURM_CONF": str(self.folder / "slurm.conf")}
        controller, node = free_ports(2)
        host = socket.gethostname().split(".")[0]
        for name in ("state", "spool", "munge"):
            (self.folder / name).mkdir()
        (self.folder / "munge/key").write_bytes(os.urandom(128))
        (self.folder / "munge/key").chmod(0o600)
        (self.folder / "munge").chmod(0o755)
        (self.folder / "slurm.conf").write_text(f"""
ClusterName=irqlab
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={self.folder}/munge/socket
CryptoType=crypto/munge
StateSaveLocation={self.folder}/state
SlurmdSpoolDir={self.folder}/spool
SlurmctldPidFile={self.folder}/slurmctld.pid
SlurmdPidFile={self.folder}/slurmd.pid
SlurmctldLogFile={self.folder}/slurmctld.log
SlurmdLogFile={self.folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,batch_sched_delay=0
MpiDefault=none
ReturnToService=2
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=100 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
""")

    def start(self):
        """None, or why it did not come up."""
        munge = self.folder / "munge"
        self.spawn("munged", "--foreground", "--force", f"--key-file={munge}/key", f"--socket={munge}/socket", f"--pid-file={munge}/pid",
                   f"--log-file={munge}/log", f"--seed-file={munge}/seed", "--num-threads=2")
        if not self.wait(lambda: (munge / "socket").exists()):
            return "munged did not come up"
        self.spawn("slurmctld", "-D", "-c")
        self.spawn("slurmd", "-D")
        if self.wait(lambda: "idle" in self.call("sinfo", "-h", "-o", "%T").stdout, 60):
            return None
        logs = [line for name in ("slurmctld.log", "slurmd.log") if (self.folder / name).exists()
                for line in (self.folder / name).read_text(errors="replace").splitlines()[-8:]]
        return "\n".join([self.call("sinfo").stdout, *logs])

    def spawn(self, *words):
        self.processes.append(subprocess.Popen(words, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def wait(self, condition, seconds=10):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if condition():
                return True
            time.sleep(0.1)
        return False

    def call(self, *words, **options):
        return subprocess.run(words, env={**self.environment, **options.pop("environment", {})}, capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, **options)

    def is_idle(self):
        run = self.call("squeue", "-h")
        return run.returncode == 0 and not run.stdout.strip()

    def stop(self):
        self.call("scancel", "--user=root") if shutil.which("scancel") else None
        for process in reversed(self.processes):
            process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
