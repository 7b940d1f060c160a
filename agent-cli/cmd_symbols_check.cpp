// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analyze.h"
#include "base/utf.h"
#include "commands.h"
#include "output.h"
#include "report/report.h"
#include "report_source.h"
#include "symbols/symbols.h"
#include "text.h"

namespace vigil::cli {
namespace {

/// One module, and what is known of its symbols.
struct Checked {
  std::string name, debug_file, debug_id;
  symbols::SymbolState state;
};

/// The modules that \p file, a dump or a report, tells of.
Result<std::vector<report::Module>> modules_of(const std::filesystem::path& file,
                                               symbols::Library& library) {
  VIGIL_TRY_ASSIGN(const bool is_report, is_json_file(file));
  auto report = is_report ? report_of_json(file) : report_of_dump(file, library);
  if (!report.ok()) return std::move(report).take_error();
  return std::move(report->modules);
}

std::vector<Checked> check(const std::vector<report::Module>& modules, symbols::Library& library) {
  std::vector<snapshot::Module> named;
  for (const auto& module : modules) {
    auto& copy = named.emplace_back();
    copy.path = module.path;
    copy.debug_file = module.debug_file;
    copy.debug_id = module.debug_id;
  }
  symbols::SymbolFiles files(named, library);
  std::vector<Checked> result;
  for (std::size_t i = 0; i < named.size(); ++i) {
    if (!named[i].debug_id.empty()) (void)files.locate(i, 0);  // makes it look for the file
    result.push_back({std::string(windows_file_name(named[i].path)),
                      std::string(windows_file_name(named[i].debug_file)), named[i].debug_id,
                      files.state(i)});
  }
  return result;
}

std::string source_of(const Checked& module) {
  return module.state.source ? std::string(symbols::to_string(*module.state.source)) : "none";
}

void print_table(const Context& context, const std::vector<Checked>& modules) {
  constexpr std::size_t kMaxName = 32;
  std::size_t width = std::string_view("MODULE").size();
  for (const auto& module : modules) width = std::max(width, display_width(one_line(module.name)));
  width = std::min(width, kMaxName);
  print(bold(context,
             fmt::format("{:<{}}  {:<7}  {:<34}  {}", "MODULE", width, "SYMBOLS", "ID", "FILE")) +
        "\n");
  for (const auto& module : modules) {
    const auto name = cut_to_width(one_line(module.name), width);
    const auto gap = width - std::min(width, display_width(name));
    const auto file = module.state.source ? utf8_from_path(module.state.file) : module.debug_file;
    print(fmt::format("{}{:{}}  {:<7}  {:<34}  {}\n", name, "", gap, source_of(module),
                      one_line(module.debug_id), one_line(file)));
    for (const auto& reason : module.state.refused)
      print(fmt::format("{:{}}  refused: {}\n", "", width, one_line(reason)));
  }
}

nlohmann::ordered_json json_of(const Checked& module) {
  nlohmann::ordered_json json;
  json["name"] = module.name;
  if (!module.debug_file.empty()) json["debug_file"] = module.debug_file;
  if (!module.debug_id.empty()) json["debug_id"] = module.debug_id;
  json["symbols"] = source_of(module);
  if (module.state.source) json["file"] = utf8_from_path(module.state.file);
  if (!module.state.refused.empty()) json["refused"] = module.state.refused;
  return json;
}

}  // namespace

ExitCode run_symbols_check(const Context& context, const SymbolsCheckOptions& options) {
  AnalyzeOptions how;
  how.file = options.file;
  how.symbols = options.symbols;
  auto paths = symbol_paths(how);
  if (!paths.ok()) return usage_error(paths.error().message());
  warn_of_symbol_paths(how);
  symbols::Library library(std::move(paths).take());
  const auto modules = modules_of(options.file, library);
  if (!modules.ok()) return report_error(modules.error());
  const auto checked = check(*modules, library);
  if (context.json) {
    auto json = nlohmann::ordered_json::array();
    for (const auto& module : checked) json.push_back(json_of(module));
    print_json(json);
  } else {
    print_table(context, checked);
  }
  const bool all = std::ranges::all_of(
      checked, [](const Checked& module) { return module.state.source.has_value(); });
  return all ? ExitCode::Ok : ExitCode::Partial;
}

}  // namespace vigil::cli
