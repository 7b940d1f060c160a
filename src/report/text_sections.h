// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/report.h"
#include "report/text_page.h"

namespace vigil::report {

/// Sections of the report's text, in files of their own.
void add_system_state(TextPage& page, const Report& report);
void add_threads(TextPage& page, const Report& report, const TextOptions& options);
void add_exception(TextPage& page, const Report& report);
void add_circumstances(TextPage& page, const Circumstances& circumstances);

}  // namespace vigil::report
