"""The machine that measures: its speed over time, its conditions, its temporary folders."""
