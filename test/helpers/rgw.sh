#!/usr/bin/env bash
# A real Ceph RADOS gateway on loopback, all of it below one folder: a monitor, a store in memory, a gateway, a user.
# Usage: rgw.sh DIR RGW_PORT MON_V2_PORT MON_V1_PORT ACCESS_KEY SECRET_KEY [memstore|bluestore]
# bluestore keeps what it has in a sparse file of DIR, for more than fits into memory.
# Says "ready" on stdout when it answers; ends, and removes DIR, when its stdin is closed. DIR must be short: the path
# of an admin socket holds 107 bytes (unix(7)). Ports must lie below the ephemeral ones, or a client may hold them.
set -euo pipefail
dir=$1 rgw_port=$2 mon2_port=$3 mon1_port=$4 access_key=$5 secret_key=$6 objectstore=${7:-memstore}
conf=$dir/ceph.conf
pids=()

finish() {
  trap - EXIT
  # Whoever read our messages may be gone, and a message to nobody would end us here.
  exec >/dev/null 2>&1
  # Nothing of it is kept, so nothing is ended politely.
  ((${#pids[@]})) && kill -9 "${pids[@]}"
  wait
  rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' TERM INT HUP

mkdir -p "$dir"/{mon,osd,run,log}
fsid=$(cat /proc/sys/kernel/random/uuid)
osd_uuid=$(cat /proc/sys/kernel/random/uuid)
# cephx although nobody else is there: without it the gateway first answers after 98 s. The paxos settings save a second
# per change of the map, and one replica on one disk is all there is.
cat >"$conf" <<CONF
[global]
fsid = $fsid
mon_host = [v2:127.0.0.1:$mon2_port,v1:127.0.0.1:$mon1_port]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
public_network = 127.0.0.0/8
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
auth_allow_insecure_global_id_reclaim = false
keyring = $dir/keyring
run_dir = $dir/run
admin_socket = $dir/run/\$name.\$pid.asok
log_file = $dir/log/\$name.log
crash_dir = $dir/crash
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_max_pg_per_osd = 2000
mon_data_avail_crit = 1
paxos_propose_interval = 0.02
paxos_min_wait = 0.01
[mon]
mon_data = $dir/mon
mon_cluster_log_file = $dir/log/cluster.log
[osd]
osd_data = $dir/osd
osd_objectstore = $objectstore
bluestore_block_size = 42949672960
memstore_device_bytes = 4294967296
osd_memory_target = 1073741824
osd_heartbeat_grace = 60
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:$rgw_port
rgw_data = $dir/rgw
rgw_rados_pool_pg_num_min = 4
rgw_dns_name = localhost
rgw_crypt_require_ssl = false
rgw_crypt_s3_kms_backend = testing
rgw_crypt_s3_kms_encryption_keys = exhibit-test=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=
rgw_enable_usage_log = false
rgw_gc_obj_min_wait = 1
rgw_gc_processor_max_time = 5
rgw_gc_processor_period = 5
CONF

key() { ceph-authtool "$dir/keyring" --gen-key -n "$@" >/dev/null; }
ceph-authtool --create-keyring "$dir/keyring" --gen-key -n mon. --cap mon 'allow *' >/dev/null
key client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
key osd.0 --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
key client.rgw --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'

# A daemon that ended at once (a port that was taken) must not be waited for.
begin() {
  local name=$1
  shift
  "$@" >"$dir/log/$name.out" 2>&1 &
  pids+=($!)
}
wait_for() {
  local name=$1 pid=${pids[-1]}
  shift
  for _ in $(seq 600); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    if ! kill -0 "$pid" 2>/dev/null; then break; fi
    sleep .1
  done
  echo "$name does not answer" >&2
  tail -n 20 "$dir/log/$name.out" >&2
  exit 1
}
osd_is_up() { timeout 5 ceph -c "$conf" osd stat | grep -q '1 up'; }
gateway_answers() { exec 3<>"/dev/tcp/127.0.0.1/$rgw_port" && printf 'GET / HTTP/1.0\r\n\r\n' >&3 && head -n 1 <&3 | grep -q ' 200 '; }

monmaptool --create --clobber --fsid "$fsid" --addv a "[v2:127.0.0.1:$mon2_port,v1:127.0.0.1:$mon1_port]" "$dir/monmap" >/dev/null
ceph-mon -c "$conf" --mkfs -i a --monmap "$dir/monmap" --keyring "$dir/keyring" >"$dir/log/mon-mkfs.out" 2>&1
begin mon ceph-mon -c "$conf" -i a -f
wait_for mon timeout 5 ceph -c "$conf" osd new "$osd_uuid"
ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid "$osd_uuid" >"$dir/log/osd-mkfs.out" 2>&1
begin osd ceph-osd -c "$conf" -i 0 -f
wait_for osd osd_is_up
begin rgw radosgw -c "$conf" -n client.rgw -f
wait_for rgw timeout 5 bash -c "$(declare -f gateway_answers); rgw_port=$rgw_port; gateway_answers"
radosgw-admin -c "$conf" -n client.rgw user create --uid exhibit --display-name exhibit \
  --access-key "$access_key" --secret-key "$secret_key" >"$dir/log/user.out" 2>&1
echo ready
# Whoever started us holds the other end.
cat >/dev/null
