#!/usr/bin/env bash
# streams of 50 events at 64 connections beside nginx: streams and CPU
. scripts/show.d/stage.sh
protection kept-connections
bench against_nginx b
