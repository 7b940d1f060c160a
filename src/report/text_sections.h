// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "report/report.h"
#include "report/text_page.h"

namespace vigil::report {

/// Sections of the report's text, in files of their own.
void add_system_state(TextPage& page, const Report& report);
void add_threads(TextPage& page, const Report& report, const TextOptions& options);
void add_exception(TextPage& page, const Report& report);
void add_circumstances(TextPage& page, const Circumstances& circumstances);

/// Parts of sections for a dump of a whole machine, which report.kernel is of.
void add_kernel_basics(TextPage& page, const Report& report, const TextOptions& options);
void add_kernel_processors(TextPage& page, const Kernel& kernel);
/// \p whole: a line each for figures that the dump has not.
void add_kernel_state(TextPage& page, const Kernel& kernel, bool whole);
void add_kernel_processes(TextPage& page,
                          const Kernel& kernel,
                          const TextOptions& options,
                          std::size_t most);
void add_kernel_environment(TextPage& page, const Kernel& kernel);
/// What stopped the machine, who is to blame, and where it was: with its instruction and registers.
void add_bugcheck(TextPage& page, const Report& report);
/// Who is to blame and why, or why nobody.
void add_kernel_blame(TextPage& page, const Report& report);
/// Where it was, and the instruction there.
void add_instruction(TextPage& page, const Crash& crash);
/// The registers of what crashed, where they are known.
void add_crashed_registers(TextPage& page, const Report& report);

}  // namespace vigil::report
