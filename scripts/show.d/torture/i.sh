#!/usr/bin/env bash
# a token endpoint in 335 answers of status, type, body and timing: each as the reviewed golden table has it
. scripts/show.d/stage.sh
protection death-needs-proof
torture endpoint
