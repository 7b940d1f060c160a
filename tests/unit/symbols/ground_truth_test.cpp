// SPDX-License-Identifier: Apache-2.0
// Walks generated dumps whose frames are known. The folder of the dumps is in VIGIL_GROUND_TRUTH.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "minidump/minidump.h"
#include "symbols/symbols.h"
#include "unwind/unwind.h"

namespace vigil {
namespace {

using FrameList =
    std::vector<std::pair<std::string, std::uint64_t>>;  // module, offset of where it goes on

std::filesystem::path folder() {
  const char* path = std::getenv("VIGIL_GROUND_TRUTH");
  return path == nullptr ? std::filesystem::path() : std::filesystem::path(path);
}

std::vector<FrameList> expected_frames(const std::filesystem::path& dump) {
  auto name = dump;
  name += ".expect.json";
  std::ifstream file(name);
  std::vector<FrameList> threads;
  const auto expectations = nlohmann::json::parse(file);
  for (const auto& thread : expectations.at("threads")) {
    auto& frames = threads.emplace_back();
    for (const auto& frame : thread.at("frames")) {
      frames.emplace_back(frame.at("module").get<std::string>(),
                          frame.at("rva").get<std::uint64_t>());
    }
  }
  return threads;
}

struct Walked {
  FrameList frames;
  unwind::StopReason stop;
};

std::vector<Walked> walk_all(const std::filesystem::path& path, const symbols::SymbolPaths& paths) {
  auto dump = minidump::Minidump::open(path);
  if (!dump.ok()) return {};
  const auto& snapshot = (*dump)->snapshot();
  auto& memory = (*dump)->memory();
  const snapshot::ModuleMap map(snapshot.modules);
  symbols::Library library(paths);
  symbols::ModuleImages images(snapshot.modules, memory, library);
  symbols::SymbolFiles files(snapshot.modules, library);
  std::vector<Walked> result;
  for (const auto& thread : snapshot.threads) {
    const auto walk = unwind::walk_stack({.context = thread.context,
                                          .memory = memory,
                                          .modules = snapshot.modules,
                                          .module_map = map,
                                          .images = images,
                                          .rules = &files,
                                          .stack = thread.stack});
    auto& walked = result.emplace_back(Walked{{}, walk.stop});
    for (const auto& frame : walk.frames) {
      const auto* module = frame.module ? &snapshot.modules[*frame.module] : nullptr;
      walked.frames.emplace_back(module == nullptr ? "" : std::string(module->name()),
                                 frame.resume - (module == nullptr ? 0 : module->base));
    }
  }
  return result;
}

void expect_all_true_frames(const std::string& name, const symbols::SymbolPaths& paths) {
  if (folder().empty()) GTEST_SKIP() << "VIGIL_GROUND_TRUTH is not set";
  const auto dump = folder() / name;
  const auto expected = expected_frames(dump);
  const auto walked = walk_all(dump, paths);
  ASSERT_EQ(walked.size(), expected.size());
  ASSERT_FALSE(expected.empty());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(walked[i].frames, expected[i]) << "thread " << i;
    EXPECT_EQ(walked[i].stop, unwind::StopReason::EndOfStack) << "thread " << i;
  }
}

symbols::SymbolPaths store() {
  return {.folders = {folder() / "store"}, .module_paths = false};
}
symbols::SymbolPaths nothing() {
  return {.folders = {}, .module_paths = false};
}

TEST(GroundTruth, FindsEveryFrameOfAFullDumpInItsOwnMemory) {
  expect_all_true_frames("full.dmp", nothing());
}

TEST(GroundTruth, FindsEveryFrameOfASmallDumpWithASymbolStore) {
  expect_all_true_frames("amd64.dmp", store());
}

TEST(GroundTruth, FindsEveryFrameOfAnArm64DumpWithASymbolStore) {
  expect_all_true_frames("arm64.dmp", store());
}

TEST(GroundTruth, FindsEveryFrameOfAnArm64DumpByFrameRecords) {
  expect_all_true_frames("arm64.dmp", nothing());
}

TEST(GroundTruth, FindsEveryFrameOfAnX86DumpByFramePointers) {
  expect_all_true_frames("x86.dmp", nothing());
  expect_all_true_frames("x86.dmp", store());
}

TEST(GroundTruth, InventsNoFrameWithoutImages) {
  if (folder().empty()) GTEST_SKIP() << "VIGIL_GROUND_TRUTH is not set";
  const auto expected = expected_frames(folder() / "amd64.dmp");
  const auto walked = walk_all(folder() / "amd64.dmp", nothing());
  ASSERT_EQ(walked.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(walked[i].frames.size(), 1u);
    EXPECT_EQ(walked[i].frames[0], expected[i][0]);
    EXPECT_EQ(walked[i].stop, unwind::StopReason::NoImage);
  }
}

}  // namespace
}  // namespace vigil
