// SPDX-License-Identifier: Apache-2.0
#include "pipeline/pipeline.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

#include "analysis/analysis.h"
#include "base/utf.h"
#include "base/version.h"
#include "kerneldump/kerneldump.h"
#include "minidump/minidump.h"
#include "pipeline/backed_memory.h"
#include "pipeline/facts.h"
#include "pipeline/kernel_facts.h"
#include "pipeline/kernel_symbols.h"
#include "pipeline/samples.h"
#include "pipeline/stacks.h"
#include "pipeline/text_budget.h"
#include "platform/platform.h"
#include "symbols/symbols.h"

namespace vigil::pipeline {
namespace {

void add_diagnostic(report::Report& report, std::string text) {
  if (report.diagnostics.size() < report::kMaxTexts) report.diagnostics.push_back(std::move(text));
}

/// What reading lost. It comes late: damaged parts of a compressed dump are met when they are
/// touched.
void add_losses(const Diagnostics& diagnostics, TextBudget& budget, report::Report& report) {
  for (const auto& note : diagnostics.notes()) add_diagnostic(report, budget.take(note));
  if (diagnostics.dropped() > 0) {
    add_diagnostic(report, fmt::format("and {} more losses like these", diagnostics.dropped()));
  }
}

/// What modules' own images say of their PDBs, where the dump does not.
void add_identities(const symbols::SymbolFiles& files, TextBudget& budget, report::Report& report) {
  for (std::size_t i = 0; i < report.modules.size(); ++i) {
    const auto& state = files.state(i);
    if (state.debug_id.empty()) continue;
    report.modules[i].debug_file = budget.take(state.debug_file);
    report.modules[i].debug_id = budget.take(state.debug_id);
  }
}

/// What images say of the time stamps of a machine's drivers, where the dump does not have them.
void add_stamp_kinds(symbols::ModuleImages& images, report::Report& report) {
  for (std::size_t i = 0; i < report.modules.size(); ++i) {
    auto& reproducible = report.modules[i].reproducible;
    if (reproducible) continue;
    if (const auto* image = images.image(i)) reproducible = image::is_reproducible(*image);
  }
}

/// What of the symbol files in use is damaged: a name may then be a neighbour's.
void add_symbol_losses(const symbols::SymbolFiles& files,
                       TextBudget& budget,
                       report::Report& report) {
  constexpr std::size_t kMaxShown = 4;
  for (std::size_t i = 0; i < report.modules.size(); ++i) {
    if (report.modules[i].symbols.empty()) continue;
    const auto losses = files.losses(i);
    for (std::size_t j = 0; j < std::min(losses.size(), kMaxShown); ++j)
      add_diagnostic(report, budget.take(losses[j]));
    if (losses.size() > kMaxShown) {
      add_diagnostic(report,
                     fmt::format("and {} more such losses in the symbols of {}",
                                 losses.size() - kMaxShown, budget.take(report.modules[i].path)));
    }
  }
}

/// Images and symbol files that were found and could not be used, of the modules on the stacks.
void add_refused_files(const symbols::ModuleImages& images,
                       const symbols::SymbolFiles& files,
                       TextBudget& budget,
                       report::Report& report) {
  for (std::size_t i = 0; i < report.modules.size(); ++i) {
    if (report.modules[i].symbols.empty()) continue;
    for (const auto& reason : images.state(i).refused) add_diagnostic(report, budget.take(reason));
    for (const auto& reason : files.state(i).refused) add_diagnostic(report, budget.take(reason));
  }
}

/// A dump of any format: a Minidump or a KernelDump. \p unpacking: what was lost before it was
/// read.
template <class Dump>
report::Report make_report(Dump& dump,
                           symbols::Library& library,
                           const Limits& limits,
                           const std::vector<Sample>& samples,
                           const Diagnostics& unpacking = {}) {
  const auto& snapshot = dump.snapshot();
  const snapshot::ModuleMap modules(snapshot.modules);
  symbols::ModuleImages images(snapshot.modules, dump.memory(), library);
  symbols::SymbolFiles files(snapshot.modules, library, &images);
  TextBudget budget(limits.max_text_bytes);
  report::Report report;
  report.analyzer = fmt::format("vigil {}", kVersion);
  report.dump_bytes = dump.size();
  add_facts(snapshot, budget, report);
  if (snapshot.kernel) add_kernel_facts(snapshot, budget, report);
  add_stacks({snapshot, dump.memory(), modules, images, files, library}, limits, budget, report);
  add_identities(files, budget, report);
  if (snapshot.kernel) add_stamp_kinds(images, report);

  const auto unused_samples = add_samples(snapshot, samples, library, limits, report);

  BackedMemory memory(dump.memory(), snapshot.modules, modules, images);
  auto findings =
      analysis::analyze({snapshot, memory, report.threads,
                         !dump.diagnostics().notes().empty() || !report.diagnostics.empty(),
                         report.samples ? &*report.samples : nullptr});
  report.crash = std::move(findings.crash);
  report.blamed_thread = findings.blamed_thread;
  report.blamed_frame = findings.blamed_frame;
  report.blame_reason = std::move(findings.blame_reason);
  report.locks = std::move(findings.locks);
  report.deadlocks = std::move(findings.deadlocks);
  report.signature = std::move(findings.signature);
  report.synopsis = budget.take(findings.synopsis);
  if (report.kernel) report.kernel->blame = std::move(findings.kernel_blame);
  if (snapshot.threads.empty() && !snapshot.exception)
    add_diagnostic(report, "no stream of this dump names a thread or an exception");
  for (const auto& why : unused_samples) add_diagnostic(report, budget.take(why));
  add_losses(unpacking, budget, report);
  add_losses(dump.diagnostics(), budget, report);
  if (budget.cut() > 0)
    add_diagnostic(report, fmt::format("{} names are cut or left out", budget.cut()));
  add_symbol_losses(files, budget, report);
  if (!report.diagnostics.empty()) report.status = "partial";
  add_refused_files(images, files, budget, report);
  return report;
}

bool holds_kernel_dump(ByteSource& file) {
  constexpr std::size_t kLookedAt = 8;
  return kerneldump::is_kernel_dump(std::string_view(minidump::start_of(file, kLookedAt)));
}

}  // namespace

Result<report::Report> analyze(std::unique_ptr<ByteSource> dump,
                               symbols::Library& library,
                               const Limits& limits,
                               const std::vector<Sample>& samples) {
  const minidump::Limits unpacked{.max_unpacked_bytes = limits.max_unpacked_bytes,
                                  .more_unpacked_bytes = limits.more_unpacked_bytes};
  if (holds_kernel_dump(*dump)) {
    Diagnostics unpacking;
    if (!kerneldump::is_kernel_dump(*dump)) {
      VIGIL_TRY_ASSIGN(dump, minidump::unpack(std::move(dump), unpacked, unpacking));
    }
    VIGIL_TRY_ASSIGN(const auto kernel,
                     kerneldump::KernelDump::parse(std::move(dump), find_kernel_symbols(library)));
    return make_report(*kernel, library, limits, samples, unpacking);
  }
  VIGIL_TRY_ASSIGN(const auto minidump, minidump::Minidump::parse(std::move(dump), unpacked));
  return make_report(*minidump, library, limits, samples);
}

Result<report::Report> analyze(const std::filesystem::path& file,
                               symbols::Library& library,
                               const Limits& limits,
                               const std::vector<Sample>& samples) {
  VIGIL_TRY_ASSIGN(auto mapped, platform::MappedFile::open(file));
  auto report = analyze(std::unique_ptr<ByteSource>(std::move(mapped)), library, limits, samples);
  if (!report.ok()) return std::move(report).take_error().with_context(utf8_from_path(file));
  return report;
}

Result<report::Report> analyze_handle(std::uintptr_t handle,
                                      const std::string& name,
                                      symbols::Library& library,
                                      const Limits& limits,
                                      const std::vector<Sample>& samples) {
  auto mapped = platform::MappedFile::from_native_handle(handle);
  if (!mapped.ok()) return std::move(mapped).take_error().with_context(name);
  auto report =
      analyze(std::unique_ptr<ByteSource>(std::move(mapped).take()), library, limits, samples);
  if (!report.ok()) return std::move(report).take_error().with_context(name);
  return report;
}

}  // namespace vigil::pipeline
