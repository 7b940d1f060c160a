// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/byte_source.h"
#include "base/diagnostics.h"
#include "base/result.h"
#include "snapshot/snapshot.h"

/// Reads user-mode minidumps, `.dmp` and `.dmp.zst`, into a snapshot.
///
/// What a file is, its first bytes decide, never its name. Every byte of it is taken for hostile:
/// counts, offsets and sizes are checked against what is there and then against named limits. A
/// damaged item costs that item, a damaged stream that stream; only a header or directory that
/// cannot be read refuses the file. Whatever was lost stands in diagnostics().
///
/// Only what is asked for is touched: a large dump is mapped, and of a compressed one only those
/// frames are unpacked in which a view lies. docs/formats/dump-zst.md describes the compressed
/// form.
///
/// A Minidump owns everything that it hands out. One thread at a time; many dumps on many threads.
namespace vigil::minidump {

/// How much of a compressed dump may be unpacked.
struct Limits {
  /// Bytes unpacked in all, over the life of one Minidump. They stay in memory, so this bounds it.
  std::uint64_t max_unpacked_bytes = std::uint64_t{2} << 30;
  /// When not null, asked once of a dump that is compressed: the larger of both holds.
  std::uint64_t (*more_unpacked_bytes)() = nullptr;
  /// The size that a compressed dump may claim to have. It costs address space, not memory.
  std::uint64_t max_claimed_bytes = std::uint64_t{1} << 40;
};

/// The first bytes of a dump file, at most \p size: of a compressed one, of what is packed in it.
/// Empty: it is damaged from the start.
[[nodiscard]] std::string start_of(ByteSource& file, std::size_t size);

/// What is packed in \p file, a compressed dump of any format. \p diagnostics must outlive it: it
/// tells of damaged parts as they are met. Errc::Malformed: nothing in it can be unpacked.
[[nodiscard]] Result<std::unique_ptr<ByteSource>> unpack(std::unique_ptr<ByteSource> file,
                                                         const Limits& limits,
                                                         Diagnostics& diagnostics);

class Minidump {
 public:
  /// Maps \p path and reads all streams. Errors name the path. Errc::Unsupported for a file of
  /// another known kind (kernel dump, ELF core, archive), Malformed for anything else that is no
  /// minidump.
  [[nodiscard]] static Result<std::unique_ptr<Minidump>> open(const std::filesystem::path& path,
                                                              const Limits& limits = {});
  /// The same over a file that is open already, compressed or not.
  [[nodiscard]] static Result<std::unique_ptr<Minidump>> parse(std::unique_ptr<ByteSource> file,
                                                               const Limits& limits = {});
  /// The same over bytes that the caller keeps alive: what tests and fuzzers use.
  [[nodiscard]] static Result<std::unique_ptr<Minidump>> parse(ByteView bytes,
                                                               const Limits& limits = {});

  Minidump(const Minidump&) = delete;
  Minidump& operator=(const Minidump&) = delete;
  ~Minidump();

  [[nodiscard]] const snapshot::Snapshot& snapshot() const noexcept;
  /// How long the dump is in bytes, after decompression.
  [[nodiscard]] std::uint64_t size() const noexcept;
  /// The captured memory. Reading it may add to the diagnostics: a damaged part of a compressed
  /// file is met only when it is touched.
  [[nodiscard]] snapshot::Memory& memory() noexcept;
  [[nodiscard]] const Diagnostics& diagnostics() const noexcept;

 private:
  struct State;
  explicit Minidump(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace vigil::minidump
