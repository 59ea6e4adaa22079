"""Small real trainings with one planted fault each, and healthy ones that look suspicious."""
