#pragma once

#include <string>

#include "bart/audit/audit.h"
#include "bart/platform/progress.h"

namespace bart {

/// A few lines for a terminal: how much was found, and the most doubtful labels.
std::string audit_text(const Audit& audit);

/// CSV, one row per picture and finding, the most doubtful label first: finding (label, same-bytes,
/// same-pixels, near-duplicate, blurred, dark, tiny, unreadable), file, class, likely_class,
/// class_probability, likely_probability, score, group.
std::string audit_csv(const Audit& audit);

/// The same as one JSON object.
std::string audit_json(const Audit& audit);

/// CSV, one row per picture that was judged: file, label, bytes_hash, by which the picture is known again,
/// and the probability of each class, whose names are those of the columns. Numbers have as many digits as
/// give them back exactly.
std::string probabilities_csv(const Audit& audit);

/// A self-contained HTML page to go through the findings with keys. It ends in a file of decisions, which
/// apply_decisions() takes. Without its script it shows all findings. Thumbnails are read from the files;
/// `progress(done, total)` counts them, called by one thread at a time.
std::string audit_page(const Audit& audit, const OnProgress& progress = {});

}  // namespace bart
