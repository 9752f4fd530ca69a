// The module's one export. Nothing may be thrown through it: the caller may be built by another
// compiler, so whatever is thrown below becomes a line of the log and a status that isn't 0.
#include <clang/Basic/Version.inc>

#include <exception>

#include "compile_unit.hpp"
#include "jit_abi.h"
#include "link_objects.hpp"

namespace croton::jit {

namespace {

croton_jit_text text_of(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view_of(const croton_jit_text& text)
{
    return {text.data, static_cast<std::size_t>(text.size_bytes)};
}

template <class Work>
std::int32_t guarded(const croton_jit_sink& sink, const Work& work)
{
    try {
        return work() ? 0 : 1;
    } catch (const std::exception& error) {
        sink.log(sink.context, text_of(error.what()));
        return 2;
    }
}

std::int32_t
compile(const croton_jit_unit* unit, croton_jit_times* times, const croton_jit_sink* sink)
{
    return guarded(*sink, [&] {
        const bool newer = unit->size >= sizeof(croton_jit_unit);
        const Object object = compile_unit({.text = view_of(unit->text),
                                            .file = view_of(unit->file),
                                            .folder = view_of(unit->folder),
                                            .cpu = view_of(unit->cpu),
                                            .sanitize = newer ? view_of(unit->sanitize) : "",
                                            .opt_level = unit->opt_level,
                                            .debug_info = unit->debug_info != 0,
                                            .remarks = unit->remarks != 0});
        for (const Remark& remark : object.remarks) {
            sink->remark(sink->context, text_of(remark.file), remark.line, remark.column,
                         text_of(remark.message));
        }
        if (!object.log.empty()) {
            sink->log(sink->context, text_of(object.log));
        }
        times->frontend_ms = object.frontend_ms;
        times->backend_ms = object.backend_ms;
        if (object.ok) {
            sink->bytes(sink->context, object.bytes.data(), object.bytes.size());
        }
        return object.ok;
    });
}

std::int32_t link_all(const croton_jit_text* objects,
                      std::uint64_t object_count,
                      const croton_jit_sink* sink,
                      Undefined undefined)
{
    return guarded(*sink, [&] {
        std::vector<std::string_view> views;
        for (std::uint64_t i = 0; i < object_count; ++i) {
            views.push_back(view_of(objects[i]));
        }
        const Linked linked = link_objects(views, undefined);
        if (!linked.log.empty()) {
            sink->log(sink->context, text_of(linked.log));
        }
        if (linked.ok) {
            sink->bytes(sink->context, linked.bytes.data(), linked.bytes.size());
        }
        return linked.ok;
    });
}

std::int32_t
link(const croton_jit_text* objects, std::uint64_t object_count, const croton_jit_sink* sink)
{
    return link_all(objects, object_count, sink, Undefined::error);
}

std::int32_t link_instrumented(const croton_jit_text* objects,
                               std::uint64_t object_count,
                               const croton_jit_sink* sink)
{
    return link_all(objects, object_count, sink, Undefined::from_process);
}

} // namespace

} // namespace croton::jit

extern "C" __attribute__((visibility("default"))) const croton_jit_table* croton_jit_table_v1()
{
    static const struct croton_jit_table table = {
        .version = CROTON_JIT_ABI_VERSION,
        .size = sizeof(struct croton_jit_table),
        .compiler = "clang " CLANG_VERSION_STRING,
        .compile = croton::jit::compile,
        .link = croton::jit::link,
        .link_instrumented = croton::jit::link_instrumented,
    };
    return &table;
}
