// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "analyze.h"
#include "base/utf.h"
#include "console.h"
#include "platform/platform.h"
#include "text.h"

namespace vigil::cli {
namespace {

namespace fs = std::filesystem;

void add_folders(const std::vector<symbols::SymbolPathElement>& elements,
                 std::vector<fs::path>& folders) {
  for (const auto& element : elements)
    folders.insert(folders.end(), element.folders.begin(), element.folders.end());
}

void warn(const symbols::SymbolPathElement& element) {
  if (element.folders.empty() && !element.server.empty()) {
    say(
        fmt::format("vigil: --symbols: nothing is fetched from {}: give a folder before it "
                    "(srv*FOLDER*URL), and fill that with 'vigil symbols fetch'\n",
                    one_line(element.server)));
  }
  for (const auto& folder : element.folders) {
    std::error_code error;
    if (fs::is_directory(folder, error)) continue;
    say(fmt::format("vigil: --symbols: no folder {}\n", one_line(utf8_from_path(folder))));
  }
}

}  // namespace

std::string symbol_path_of_environment() {
  return environment("_NT_SYMBOL_PATH");
}

Result<symbols::SymbolPaths> symbol_paths(const AnalyzeOptions& options) {
  symbols::SymbolPaths paths;
  for (const auto& text : options.symbols) {
    VIGIL_TRY_ASSIGN(const auto elements, symbols::parse_symbol_path(text));
    add_folders(elements, paths.folders);
  }
  if (options.dump_handle) return paths;  // the sandbox may write nowhere
  if (options.symbols.empty()) {
    // It was set for other programs: what this one cannot read of it is no reason to stop.
    const auto elements = symbols::parse_symbol_path(symbol_path_of_environment());
    if (elements.ok())
      add_folders(*elements, paths.folders);
    else
      say(fmt::format("vigil: _NT_SYMBOL_PATH is left out: {}\n",
                      one_line(elements.error().message())));
  }
  // Programs, their symbols and their dumps are often kept together.
  std::error_code error;
  const bool is_folder = fs::is_directory(options.file, error);
  const auto beside = is_folder ? options.file : options.file.parent_path();
  paths.folders.push_back(beside.empty() ? "." : beside);
  if (options.symbol_cache == "none") return paths;
  paths.index_cache = options.symbol_cache;
  if (paths.index_cache.empty()) {
    if (const auto cache = platform::default_cache_folder(); cache.ok())
      paths.index_cache = *cache / "symbols";
  }
  return paths;
}

void warn_of_symbol_paths(const AnalyzeOptions& options) {
  for (const auto& text : options.symbols) {
    const auto elements = symbols::parse_symbol_path(text);
    if (!elements.ok()) continue;  // an error of its own
    if (elements->empty()) say("vigil: --symbols: the path is empty\n");
    for (const auto& element : *elements) warn(element);
  }
}

}  // namespace vigil::cli
