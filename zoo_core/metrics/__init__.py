"""Metrics with intervals.

A function named for the thing (``auroc``) returns the number; one that begins with
``measure_`` returns a ``Metric`` with its 95 % interval and the count behind it.
"""

from ..cards import Metric
from ._classification import (
    confusion_matrix,
    measure_accuracy,
    measure_balanced_accuracy,
    measure_balanced_precision,
    measure_false_positive_rate,
    measure_precision,
)
from ._coverage import measure_coverage, probability_ranks
from ._images import Moments, adaptive_moments, psnr, ssim
from ._intervals import measure_fraction, measure_mean, wilson
from ._probability import (
    CALIBRATION_BINS,
    ReliabilityCurve,
    expected_calibration_error,
    fit_temperature,
    fit_temperature_and_offset,
    measure_brier,
    measure_calibration_error,
    measure_log_loss,
    reliability_curve,
)
from ._ranking import (
    auroc,
    completeness_at_rejection,
    measure_auroc,
    measure_completeness,
    measure_threshold,
    measure_tpr,
    threshold_at_false_positives,
    threshold_at_rejection,
)
from ._regression import measure_bias, measure_error_quantile, measure_rmse
from ._search import (
    Search,
    measure_search,
    measure_shortlist,
    threshold_at_completeness,
    threshold_for_candidates,
)

__all__ = [
    "CALIBRATION_BINS",
    "Metric",
    "Moments",
    "ReliabilityCurve",
    "Search",
    "adaptive_moments",
    "auroc",
    "completeness_at_rejection",
    "confusion_matrix",
    "expected_calibration_error",
    "fit_temperature",
    "fit_temperature_and_offset",
    "measure_accuracy",
    "measure_auroc",
    "measure_balanced_accuracy",
    "measure_balanced_precision",
    "measure_bias",
    "measure_brier",
    "measure_calibration_error",
    "measure_completeness",
    "measure_coverage",
    "measure_error_quantile",
    "measure_false_positive_rate",
    "measure_fraction",
    "measure_log_loss",
    "measure_mean",
    "measure_precision",
    "measure_rmse",
    "measure_search",
    "measure_shortlist",
    "measure_threshold",
    "measure_tpr",
    "probability_ranks",
    "psnr",
    "reliability_curve",
    "ssim",
    "threshold_at_completeness",
    "threshold_at_false_positives",
    "threshold_at_rejection",
    "threshold_for_candidates",
    "wilson",
]
