// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <mspack.h>

#include "platform/cabinet.h"

namespace vigil::platform {
namespace {

/// What libmspack opens by these names.
constexpr char kCabinet[] = "cabinet";
constexpr char kContent[] = "content";

/// The library's view of one cabinet in memory and of where its content goes.
struct System : mspack_system {
  ByteView cabinet;
  const ByteSink* sink = nullptr;
  std::optional<Error> failure;
};

struct Stream : mspack_file {
  System* system = nullptr;
  std::uint64_t position = 0;
  bool output = false;
};

Stream& as_stream(mspack_file* file) {
  return *static_cast<Stream*>(file);
}

// The library is C: nothing may be thrown through it, so these are noexcept.

mspack_file* open_stream(mspack_system* self, const char* name, int mode) noexcept {
  auto stream = std::make_unique<Stream>();
  stream->system = static_cast<System*>(self);
  stream->output = std::string_view(name) == kContent;
  const bool reads = mode == MSPACK_SYS_OPEN_READ;
  return reads == stream->output ? nullptr : stream.release();
}

void close_stream(mspack_file* file) noexcept {
  const std::unique_ptr<Stream> owner(static_cast<Stream*>(file));
}

int read_stream(mspack_file* file, void* buffer, int size) noexcept {
  auto& stream = as_stream(file);
  if (stream.output || size < 0) return -1;
  const auto bytes =
      stream.system->cabinet.clamp(stream.position, static_cast<std::uint64_t>(size)).text();
  std::copy(bytes.begin(), bytes.end(), static_cast<char*>(buffer));
  stream.position += bytes.size();
  return static_cast<int>(bytes.size());
}

int write_stream(mspack_file* file, void* buffer, int size) noexcept {
  auto& stream = as_stream(file);
  auto& system = *stream.system;
  if (!stream.output || size < 0 || system.failure) return -1;
  const auto count = static_cast<std::size_t>(size);
  auto status = (*system.sink)(std::string_view(static_cast<const char*>(buffer), count));
  if (status.ok()) return size;
  system.failure = std::move(status).take_error();
  return -1;
}

int seek_stream(mspack_file* file, off_t offset, int mode) noexcept {
  auto& stream = as_stream(file);
  const auto size = static_cast<off_t>(stream.system->cabinet.size());
  const auto from = mode == MSPACK_SYS_SEEK_START ? off_t{0}
                    : mode == MSPACK_SYS_SEEK_CUR ? static_cast<off_t>(stream.position)
                                                  : size;
  if (offset < -from || offset > size - from) return -1;
  stream.position = static_cast<std::uint64_t>(from + offset);
  return 0;
}

off_t tell_stream(mspack_file* file) noexcept {
  return static_cast<off_t>(as_stream(file).position);
}

void ignore_message(mspack_file* /*file*/, const char* /*format*/, ...) noexcept {}

void* allocate(mspack_system* /*self*/, std::size_t size) noexcept {
  return std::malloc(size);  // NOLINT(cppcoreguidelines-no-malloc): what the library asks for
}

void release(void* memory) noexcept {
  std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc)
}

void copy_bytes(void* from, void* to, std::size_t size) noexcept {
  std::copy_n(static_cast<const char*>(from), size, static_cast<char*>(to));
}

void fill_in(System& system) {
  system.open = open_stream;
  system.close = close_stream;
  system.read = read_stream;
  system.write = write_stream;
  system.seek = seek_stream;
  system.tell = tell_stream;
  system.message = ignore_message;
  system.alloc = allocate;
  system.free = release;
  system.copy = copy_bytes;
  system.null_ptr = nullptr;
}

struct DestroyDecompressor {
  void operator()(mscab_decompressor* cabinets) const noexcept {
    ::mspack_destroy_cab_decompressor(cabinets);
  }
};

std::string_view words_for(int error) {
  switch (error) {
    case MSPACK_ERR_SIGNATURE: return "it is no cabinet";
    case MSPACK_ERR_READ:
    case MSPACK_ERR_SEEK: return "it is cut off";
    case MSPACK_ERR_CHECKSUM: return "a checksum is wrong";
    case MSPACK_ERR_DATAFORMAT: return "its tables are damaged";
    case MSPACK_ERR_DECRUNCH: return "its data are damaged";
    default: return "it cannot be unpacked";
  }
}

}  // namespace

Status decompress_cabinet(ByteView cabinet, const ByteSink& sink) {
  System system;
  fill_in(system);
  system.cabinet = cabinet;
  system.sink = &sink;
  const std::unique_ptr<mscab_decompressor, DestroyDecompressor> cabinets(
      ::mspack_create_cab_decompressor(&system));
  if (cabinets == nullptr) return Error{Errc::Internal, "libmspack cannot be used"};
  auto* opened = cabinets->open(cabinets.get(), kCabinet);
  int error = MSPACK_ERR_DATAFORMAT;
  if (opened == nullptr) {
    error = cabinets->last_error(cabinets.get());
  } else {
    if (opened->files != nullptr)
      error = cabinets->extract(cabinets.get(), opened->files, kContent);
    cabinets->close(cabinets.get(), opened);
  }
  if (system.failure) return *std::move(system.failure);
  if (error == MSPACK_ERR_OK) return {};
  return Error{Errc::Malformed, fmt::format("cabinet: {}", words_for(error))};
}

}  // namespace vigil::platform
