"""The day's run as an Airflow DAG: one run per day, in the order of the days, then verify, back up and prune.

A task that fails is tried again: after 4 (another run holds the state) and 1 that may help; after 3 (an input was refused)
it does no harm. Nothing half-done is ever published, so a task may be cleared and run anew at any time.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

STATE = "/var/lib/tongren"
TONGREN = "/opt/tongren/bin/tongren"
# The day that has ended, in Shanghai, when the run starts: the day before the interval's end. The interval's start is no measure: by
# Airflow 3's default for cron expressions it equals the end.
DAY = "{{ data_interval_end.in_timezone('Asia/Shanghai').subtract(days=1).to_date_string() }}"

with DAG(
    dag_id="tongren",
    schedule="30 0 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai"),
    catchup=True,
    max_active_runs=1,
    default_args={
        "depends_on_past": True,
        "retries": 3,
        "retry_delay": timedelta(minutes=20),
        "env": {"TONGREN_KEY_FILE": "/etc/tongren/token.key"},
        "append_env": True,
    },
):
    run = BashOperator(
        task_id="run",
        bash_command=f"{TONGREN} --log-format json run --sources /data/referrals --state {STATE} --as-of {DAY}",
    )
    verify = BashOperator(task_id="verify", bash_command=f"{TONGREN} verify --state {STATE}")
    backup = BashOperator(
        task_id="backup",  # a backup never overwrites another: a task run anew writes one of its own
        bash_command=f"{TONGREN} backup --to /backups/books-{DAY}-{{{{ ti.try_number }}}}.db --state {STATE}",
    )
    prune = BashOperator(
        task_id="prune", bash_command=f"{TONGREN} prune --keep 30 --keep-days 1095 --case-days 1825 --state {STATE}"
    )
    run >> verify >> backup >> prune
