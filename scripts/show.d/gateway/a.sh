#!/usr/bin/env bash
# whole answers at 64 connections beside nginx: requests and CPU, with a grant and a client key
. scripts/show.d/stage.sh
protection kept-connections
bench against_nginx a
