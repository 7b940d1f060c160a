// SPDX-License-Identifier: Apache-2.0
#include "kernel_dumps.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <tuple>

#include <fmt/format.h>

#include "base/utf.h"
#include "yaml/yaml.h"

namespace vigil::service {
namespace {

using Sort = KernelDumpFile::Sort;

/// The same for all of a sort: by it and their times the store tells stops apart.
std::string_view detail_of(Sort sort) {
  switch (sort) {
    case Sort::Memory: return "Windows has written a dump of its memory";
    case Sort::Small: return "Windows has written a small dump of its kernel";
    case Sort::Live: return "Windows has written a report of its kernel and went on";
  }
  return "";
}

store::Signal signal_of(const KernelDumpFile& file) {
  store::Signal signal;
  signal.source = store::Source::CrashControl;
  signal.kind = file.sort == Sort::Live ? store::Kind::LiveReport : store::Kind::Bugcheck;
  signal.at = file.written;
  signal.process = kKernelProcess;
  signal.path = utf8_from_path(file.path);
  signal.detail = detail_of(file.sort);
  return signal;
}

bool can_take(store::State state) {
  return state == store::State::Observed || state == store::State::Skipped;
}

}  // namespace

std::vector<KernelDumps::Job> KernelDumps::take(std::vector<KernelDumpFile> files) {
  std::erase_if(files, [this](const auto& file) { return !is_new(file); });
  std::ranges::sort(files, std::ranges::greater(), &KernelDumpFile::written);
  if (files.size() > kAtOnce) files.resize(kAtOnce);
  // Small ones first, of which every stop has its own: the large one belongs to the nearest of
  // them.
  std::ranges::sort(files, [](const KernelDumpFile& a, const KernelDumpFile& b) {
    return std::tuple(a.sort == Sort::Memory, a.written, a.path) <
           std::tuple(b.sort == Sort::Memory, b.written, b.path);
  });
  const auto now = parts_.clock.now();
  std::vector<Job> jobs, whole;
  for (auto& file : files) {
    const auto verdict = parts_.desk.take(signal_of(file));
    if (!verdict.ok()) {
      parts_.log.error("{}: {}", utf8_from_path(file.path), verdict.error().message());
      continue;
    }
    taken_.emplace(file.path, file.written);
    const auto& decision = verdict->decision;
    if (decision.dump == rules::DumpKind::None || !can_take(verdict->state)) continue;
    if (const auto keep = keep_of(decision.rule); now - file.written >= keep) {
      parts_.desk.give_up(verdict->id, fmt::format("its dump is older than the {} for which dumps "
                                                   "are kept, and stays where it is",
                                                   yaml::format_exact(keep)));
      continue;
    }
    const bool is_too_large = file.sort == Sort::Memory && decision.dump != rules::DumpKind::Full;
    (is_too_large ? whole : jobs).push_back({verdict->id, std::move(file)});
  }
  await_small(whole, jobs);
  // The newest row first: what the next stop overwrites is of the last one.
  std::ranges::sort(jobs, [](const Job& a, const Job& b) {
    return std::tie(b.id, a.file.sort, a.file.path) < std::tie(a.id, b.file.sort, b.file.path);
  });
  return jobs;
}

/// A rule that wants a small dump gets no large one; the small one may come later.
void KernelDumps::await_small(const std::vector<Job>& whole, const std::vector<Job>& jobs) {
  const auto now = parts_.clock.now();
  for (const auto& job : whole) {
    if (std::ranges::find(jobs, job.id, &Job::id) != jobs.end()) continue;
    if (now - job.file.written < kSmallComes) {
      parts_.desk.expect_dump(job.id, job.file.written + kSmallComes);
    } else {
      parts_.desk.give_up(job.id,
                          "its rule wants a small dump, and Windows wrote only a large one");
    }
  }
}

bool KernelDumps::is_new(const KernelDumpFile& file) const {
  return !taken_.contains({file.path, file.written}) &&
         parts_.clock.now() - file.written < parts_.settings.keep_rows && parts_.is_complete(file);
}

Microseconds KernelDumps::keep_of(const std::string& rule) const {
  const auto& rules = parts_.desk.rules().rules;
  const auto found = std::ranges::find(rules, rule, &rules::Rule::name);
  return found != rules.end() && found->keep ? *found->keep : parts_.settings.keep_dumps;
}

}  // namespace vigil::service
