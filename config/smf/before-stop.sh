#!/sbin/sh
# A stop method for SMF that saves what a service was before it is stopped, while it is armed. It has not been run on an
# illumos host by our tests. Use it in place of `:kill`:
#   svccfg -s svc:/manta/application/muskie setprop stop/exec = astring: '"/opt/exhibit/smf/before-stop.sh %{restarter/contract}"'
#   svcadm refresh svc:/manta/application/muskie:7
# Armed:     mkdir -p -m 700 /var/run/exhibit/armed; echo INC-4211 > /var/run/exhibit/armed/FMRI   (svc:/ left out, / as _)
# No longer: rm that file. The stop's timeout_seconds must leave room for the budget below.
. /lib/svc/share/smf_include.sh

name=$(echo "${SMF_FMRI#svc:/}" | tr / _)
armed=/var/run/exhibit/armed/$name
# Whatever fails here, the service stops.
if [ -f "$armed" ]; then
  exhibit capture "$SMF_FMRI" --budget 15s --no-upload -i "$(cat "$armed")" -m "the service was stopped" </dev/null || true
fi
smf_kill_contract "$1" TERM 1 30
exit $SMF_EXIT_OK
