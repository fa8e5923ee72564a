"""Workforce planning: days simulated and replayed, staffing, forecasts, training."""
