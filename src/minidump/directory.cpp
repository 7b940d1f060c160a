// SPDX-License-Identifier: Apache-2.0
#include "minidump/directory.h"

namespace vigil::minidump {
namespace {

/// Real dumps have some twenty streams, with every third-party one some fifty.
constexpr std::uint64_t kMaxStreams = 1024;

constexpr std::uint32_t kUnusedStream = 0;

}  // namespace

std::string_view stream_name(std::uint32_t type) noexcept {
  switch (type) {
#define VIGIL_STREAM(number, name) \
  case number: return #name;
#include "minidump/stream_types.inc"
#undef VIGIL_STREAM
    default: return {};
  }
}

Result<Directory> read_directory(Reader& reader) {
  Directory directory;
  const auto head = reader.file().clamp(0, sizeof(format::Header));
  auto header = head.read<format::Header>(0);
  if (!header.ok()) return std::move(header).take_error().with_context("header");
  directory.header = *header;
  if (directory.header.signature != format::kSignature) {
    return Error{Errc::Malformed, "header: its signature is not MDMP"};
  }
  if ((directory.header.version & 0xffff) != format::kVersion) {
    reader.note(fmt::format("header: version {:#x}, and {:#x} is expected",
                            directory.header.version & 0xffff, format::kVersion));
  }

  const std::uint64_t claimed = directory.header.number_of_streams;
  const std::uint64_t rva = directory.header.stream_directory_rva;
  const auto entries = reader.file().clamp(rva, claimed * sizeof(format::Directory));
  if (claimed != 0 && entries.size() < sizeof(format::Directory)) {
    return Error{Errc::Truncated,
                 fmt::format("directory: {} streams at offset {:#x}, and the file has {} bytes",
                             claimed, rva, reader.file().size())};
  }
  constexpr auto kStride = sizeof(format::Directory);
  const auto count = usable_records(reader, "directory", claimed, entries, kStride, kMaxStreams);
  const Records<format::Directory> records(entries, kStride, count);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (records[i].stream_type != kUnusedStream) directory.streams.push_back(records[i]);
  }
  return directory;
}

}  // namespace vigil::minidump
