#!/usr/bin/env bash
# A Slurm cluster of emulated nodes on this one machine, for trying and testing. All that it writes lies in one
# folder, all that it listens on is the loopback.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

help="usage: scripts/slurm-cluster.sh up DIR [NODES]
       scripts/slurm-cluster.sh down DIR

up    starts a cluster of NODES emulated nodes (default: 4) whose files lie in DIR, waits until all
      are idle, and prints the line that points Slurm's commands to it:
          eval \"\$(scripts/slurm-cluster.sh up /tmp/slurm)\"
          sinfo
down  ends its jobs and daemons, also after a crash; DIR with its logs stays

On Debian or Ubuntu it needs: sudo apt-get install -y slurm-wlm munge
Its own daemons need no systemd, no root, and nothing of /etc. The services of these packages are not used."

# Debian keeps daemons where the PATH of a user who is not root does not lead.
export PATH=$PATH:/usr/sbin:/sbin

# first_free_port COUNT: so many ports from it on answer nobody.
first_free_port() {
    local base port used
    for ((base = 17000; base < 32000; base += 100)); do
        used=
        for ((port = base; port < base + $1; port++)); do
            if (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then used=1 && break; fi
        done
        [[ $used ]] || { echo "$base" && return; }
    done
    fail "no $1 free ports in a row between 17000 and 32000"
}

# write_config NODES PORT: nodes listen on the ports after the controller's.
write_config() {
    local host user
    host=$(hostname -s)
    user=$(id -un)
    cat >"$dir/slurm.conf" <<CONF
ClusterName=emulated
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$2
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
# cred_expire is also how many seconds a requeued job waits.
AuthInfo=socket=$dir/munge.socket,cred_expire=5
# Without these the daemons listen on every address.
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool-%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd-%n.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$dir/jobs.txt
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=bf_interval=2,sched_interval=2
# Nodes may claim more than this machine has.
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=15
KillWait=10
NodeName=n[1-$1] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$(($2 + 1))-$(($2 + $1))] CPUs=2 RealMemory=4000
PartitionName=main Nodes=ALL Default=YES DefMemPerCPU=500
CONF
}

# start NAME COMMAND...: its words go to NAME.out, and are shown if it fails.
start() {
    local out=$dir/$1.out
    shift
    "$@" >"$out" 2>&1 </dev/null || fail "$1 did not start" "$(tail -n 5 "$out")" "more in $dir/*.log"
}

up() {
    local nodes=$1 port node
    need munged slurm-wlm munge
    need slurmctld slurm-wlm munge
    need slurmd slurm-wlm munge
    mkdir -p "$dir/state"
    chmod 700 "$dir"
    [[ ! $(daemons) ]] || fail "a cluster is up in $dir" "end it first: scripts/slurm-cluster.sh down $dir"
    rm -f "$dir"/munge.socket* "$dir"/*.pid "$dir"/*.log "$dir"/*.out
    rm -rf "$dir/state" "$dir"/spool-*
    mkdir "$dir/state"
    port=$(first_free_port $((nodes + 1)))
    write_config "$nodes" "$port"
    (umask 077 && head -c 128 /dev/urandom >"$dir/munge.key")
    trap 'down >&2' EXIT
    start munged munged --force --key-file="$dir/munge.key" --socket="$dir/munge.socket" \
        --pid-file="$dir/munged.pid" --log-file="$dir/munged.log" --seed-file="$dir/munge.seed"
    start slurmctld slurmctld -f "$dir/slurm.conf"
    for ((node = 1; node <= nodes; node++)); do
        start "slurmd-n$node" slurmd -N "n$node" -f "$dir/slurm.conf"
    done
    wait_idle "$nodes"
    trap - EXIT
    printf 'export SLURM_CONF=%q\n' "$dir/slurm.conf"
}

wait_idle() {
    local try
    for ((try = 0; try < 120; try++)); do
        [[ $(sinfo --noheader --Node --format=%t 2>/dev/null | grep -cx idle) != "$1" ]] || return 0
        sleep 0.5
    done
    fail "after a minute not all nodes are idle" "$(sinfo --Node --long 2>&1 || true)" "more in $dir/*.log"
}

# The processes of this cluster that a crash leaves, too: those started with its configuration. A user's shell may
# have that in its environment as well, so other programs count only as parts of a job.
daemons() {
    local process pid name
    for process in /proc/[0-9]*; do
        pid=${process#/proc/}
        name=$(cat "$process/comm" 2>/dev/null) || continue
        case $name in
        munged) grep -qzxF -- "--socket=$dir/munge.socket" "$process/cmdline" 2>/dev/null && echo "$pid" ;;
        slurmctld | slurmd) grep -qzxF -- "$dir/slurm.conf" "$process/cmdline" 2>/dev/null && echo "$pid" ;;
        *)
            grep -qzxF "SLURM_CONF=$dir/slurm.conf" "$process/environ" 2>/dev/null || continue
            if [[ $name == slurmstepd ]] || grep -qz '^SLURM_JOB_ID=' "$process/environ" 2>/dev/null; then echo "$pid"; fi
            ;;
        esac
    done || true
}

# stop SIGNAL: to all that is left, until nothing is.
stop() {
    local try left
    for ((try = 0; try < 20; try++)); do
        left=$(daemons)
        [[ $left ]] || return 0
        # shellcheck disable=SC2086
        kill "-$1" $left 2>/dev/null || true
        sleep 0.5
    done
}

down() {
    stop TERM
    stop KILL
    [[ ! $(daemons) ]] || fail "these processes of the cluster do not end: $(daemons | tr '\n' ' ')"
    rm -f "$dir"/munge.socket* "$dir"/*.pid "$dir/munge.key" "$dir/munge.seed"
}

case ${1-} in
up | down) ;;
-h | --help) echo "$help" && exit ;;
*) echo "$help" >&2 && exit 2 ;;
esac
nodes=${3-4}
if [[ ! ${2-} || ! $nodes =~ ^[1-9][0-9]?$ || $1 == down && $# -gt 2 ]]; then
    echo "$help" >&2 && exit 2
fi
dir=$(realpath -m -- "$2")
# slurm.conf knows no quotes, and the path of a socket has at most 107 bytes.
[[ ! $dir =~ [^A-Za-z0-9._/+-] && ${#dir} -le 80 ]] ||
    fail "$dir cannot hold a cluster" "choose a path of at most 80 letters, digits and the signs . _ / + -"
export SLURM_CONF=$dir/slurm.conf
if [[ $1 == up ]]; then up "$nodes"; else down; fi
