// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "commands.h"
#include "symbols/symbols.h"

/// What the analysis of one dump and of many have in common.
namespace vigil::cli {

/// The folders of --symbols, or without it of _NT_SYMBOL_PATH, then the dump's own; the cache.
[[nodiscard]] Result<symbols::SymbolPaths> symbol_paths(const AnalyzeOptions& options);

/// The value of _NT_SYMBOL_PATH, empty when unset.
[[nodiscard]] std::string symbol_path_of_environment();

/// Says on standard error which elements of --symbols lead nowhere.
void warn_of_symbol_paths(const AnalyzeOptions& options);

/// The dumps in \p folder by their names, sorted.
[[nodiscard]] Result<std::vector<std::filesystem::path>> dumps_in(
    const std::filesystem::path& folder);

/// Errc::NotFound: a folder without them.
[[nodiscard]] Error no_dump_in(const std::filesystem::path& folder);

/// What takes the place of a report for programs: docs/formats/report-json.md.
[[nodiscard]] std::string error_json(const Error& error);

/// Every dump in \p folder, one after the other: a line each, then how often each signature came;
/// in JSON an array of one object each, with the file's name.
[[nodiscard]] ExitCode analyze_folder(const Context& context,
                                      const std::filesystem::path& folder,
                                      symbols::Library& library);

}  // namespace vigil::cli
