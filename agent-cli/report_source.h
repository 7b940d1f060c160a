// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "commands.h"
#include "pipeline/pipeline.h"
#include "report/report.h"
#include "symbols/symbols.h"

/// Reports for commands that take a dump, a report or a capture alike.
namespace vigil::cli {

/// Whether \p subject is a capture's number, or `last`.
[[nodiscard]] bool is_capture_id(const std::string& subject);

[[nodiscard]] Result<report::Report> report_of_capture(const Context& context,
                                                       const std::string& id);

/// The analysis of a dump on a person's machine, which may take half of the memory that is free
/// for what is compressed in one piece: the service's sandbox allows less.
[[nodiscard]] Result<report::Report> report_of_dump(
    const std::filesystem::path& file,
    symbols::Library& library,
    const std::vector<pipeline::Sample>& samples = {});

/// Whether what \p file holds is JSON: no dump begins with a brace. The errors are those of opening
/// it.
[[nodiscard]] Result<bool> is_json_file(const std::filesystem::path& file);

/// The report that \p file holds as JSON.
[[nodiscard]] Result<report::Report> report_of_json(const std::filesystem::path& file);

}  // namespace vigil::cli
