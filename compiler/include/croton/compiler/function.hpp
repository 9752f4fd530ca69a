#pragma once

#include <croton/compiler/arguments.hpp>
#include <croton/compiler/options.hpp>
#include <croton/ir/array.hpp>
#include <croton/ir/error.hpp>
#include <croton/ir/ref.hpp>
#include <croton/ir/shared.hpp>
#include <croton/ir/variable.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace croton::inline v1 {

namespace detail {
struct FunctionData;
void retain(const FunctionData*) noexcept;
void release(const FunctionData*) noexcept;

/// Memory as a call takes it: borrowed, strides in elements.
struct Memory {
    void* data = nullptr;
    DType dtype = DType::f64;
    int rank = 0;
    const std::int64_t* extents = nullptr;
    const std::int64_t* strides = nullptr;
};
} // namespace detail

/// Why a call did not run: numbers for programs, text() for people. Only text() allocates.
struct [[nodiscard]] Status {
    Code code = Code::ok;
    std::int32_t guard = 0;  ///< what `run` returned; -1: an argument lies as it should not
    std::uint32_t apply = 0; ///< whose index or value it is, in the program's tables; or why
    std::int64_t found = 0;
    std::int64_t expected = 0;
    const detail::FunctionData* function = nullptr;
    Where called{};              ///< the call's line
    std::exception_ptr thrown{}; ///< by the references, where they compute the function
    explicit operator bool() const noexcept { return code == Code::ok; }
    /// The line of the op that refused; the call's, where it is about the call.
    Location where() const noexcept;
    std::string text() const;
};

/// An argument of a call: an Array, a number, or anything a View is made of. Borrowed for the call.
/// Made where the call stands, so it knows the call's line.
class Any {
public:
    Any(const Array& a, Where w = Where::current()) : array_(a), where_(w) {}
    template <Number T>
    Any(T v, Where w = Where::current()) : array_(Array::scalar(v)), number_(true), where_(w)
    {}
    template <class T, int R>
    Any(View<T, R> v, Where w = Where::current()) : array_(Array::borrow_unchecked(v)), where_(w)
    {}
    template <class S>
        requires(Contiguous<S> || StridedMatrix<S>)
    Any(const S& s, Where w = Where::current())
        : Any(View<const std::remove_cvref_t<decltype(*s.data())>, rank_of<S>>(s), w)
    {}
    const Array& array() const noexcept { return array_; }
    bool is_number() const noexcept { return number_; }
    const Where& where() const noexcept { return where_; }

private:
    Array array_;
    bool number_ = false;
    Where where_;
};

/// The outputs of a call, by position or name.
class Results {
public:
    const Array& operator[](std::size_t i) const&;
    Array operator[](std::size_t i) && { return std::as_const(*this)[i]; }
    const Array& operator[](std::string_view name) const&;
    Array operator[](std::string_view name) && { return std::as_const(*this)[name]; }
    std::size_t size() const noexcept { return arrays_.size(); }

private:
    friend class Function;
    Results(std::vector<Array> arrays,
            detail::Ref<const detail::FunctionData> f,
            const Where& where);
    std::vector<Array> arrays_;
    detail::Ref<const detail::FunctionData> function_;
    Where where_; ///< of the call
};

/// Memory for the intermediate values of a call. One call at a time may use it.
class Workspace {
public:
    Workspace(Workspace&& other) noexcept;
    Workspace& operator=(Workspace&& other) noexcept;
    ~Workspace();
    std::size_t size_bytes() const noexcept;
    /// Brings its pages in, before a control loop starts.
    void touch() noexcept;

private:
    friend class Function;
    template <class>
    friend class Typed;
    Workspace(std::size_t bytes, std::string_view function);
    void* memory_ = nullptr;
    std::size_t bytes_ = 0;
};

class InlineFunction;

/// The signature of a typed call is `void(arguments)`.
template <class Signature>
class Typed {
    static_assert(sizeof(Signature*) == 0,
                  "a typed signature is void(A...): outputs are arguments, View<T, R> or T&");
};

/// Extents by the names of their symbols: `{{"n", 100}}`.
using NamedExtents = std::initializer_list<std::pair<std::string_view, std::int64_t>>;

/// What a stored function needs of the program that loads it.
struct LoadOptions {
    /// Records of the user's own ops; Croton's are known.
    std::vector<const Op*> ops{};
    /// Variables that stand for the stored shared ones of the same name, with the values that they
    /// have: so that several functions share them. The others are made, with the stored values.
    /// UserError where the file has none of that name, or several.
    std::vector<Shared> shared{};
};

/// A compiled graph. Const to call, safe from several threads at once; copies share it.
///
/// errors   What a call refuses of its arguments has the call's own line as where(): that of the
///          first argument, and of the last parameter `where` elsewhere; so has what the system
///          refuses. What an op refuses while the program runs, an index or an extent that it
///          derives, has the op's line.
class Function {
public:
    // A move is a copy: a function that was moved from can still be called.
    Function(const Function&) noexcept = default;
    Function& operator=(const Function&) noexcept = default;
    ~Function() = default;

    /// Runs the function.
    ///
    /// inputs   one argument per input, in order, of which the last may be left out if they have
    ///          defaults; dtype and rank must match, and extents where the graph fixes them.
    ///          Borrowed for the call; arrays that are not row-major are packed first.
    /// returns  one Array per output.
    /// throws   UserError on a count, dtype, rank or extent mismatch (names the input), and where
    ///          an index is out of range.
    /// cost     allocates the outputs.
    template <std::convertible_to<Any>... A>
    Results operator()(Any first, const A&... rest) const
    {
        const Where where = first.where();
        const std::array<Any, 1 + sizeof...(A)> list{std::move(first), Any(rest)...};
        return call(list, where);
    }
    Results operator()(Where where = Where::current()) const { return call({}, where); }
    template <class T = Any, class... A>
    Results operator()(std::initializer_list<T>, const A&...) const
    {
        static_assert(!sizeof(T), "a braced list is no argument: give a std::vector or an Array");
        return call({});
    }
    Results call(std::span<const Any> inputs, Where where = Where::current()) const;
    /// The same with the outputs' memory given, which is written to: row-major arrays of their
    /// dtype and shape, column-major ones where the output is declared so (Array::transposed()
    /// gives one).
    void call_into(std::span<const Array> inputs,
                   std::span<Array> outputs,
                   Where where = Where::current()) const;
    Results call_named(std::initializer_list<std::pair<std::string_view, Any>> inputs,
                       Where where = Where::current()) const;

    /// For calls with the caller's own buffers: `typed<void(View<const float>, double,
    /// View<float>)>()`. View<const T, R> is an input, View<T, R> an output, a number a 0-d input,
    /// `T&` a 0-d output; in the order of function(). UserError here if dtypes, ranks or counts do
    /// not match (names the argument and what belongs there).
    template <class Signature>
    Typed<Signature> typed(Where where = Where::current()) const
    {
        return Typed<Signature>(*this, where);
    }

    /// Memory for calls with these extents, each by its symbol's name.
    Workspace workspace(NamedExtents extents = {}, Where where = Where::current()) const;
    std::size_t workspace_bytes(NamedExtents extents = {}, Where where = Where::current()) const;

    /// The C++ that runs: kernels and `run`, without the prelude's functions.
    std::string_view source() const;
    /// The whole text, as it was compiled.
    std::string_view full_source() const;
    /// Everything about the function as text: the graph before and after the passes, the rules that
    /// fired, kernels with cost, compile time and (Options::profile) measured time, what was not
    /// fused and why, the memory plan, the source.
    std::string explain() const;
    /// The same as one page that needs nothing beside it. UserError where it cannot be written.
    void explain_html(std::string_view path, Where where = Where::current()) const;

    /// Writes NAME.h and NAME.c into `folder` (made if need be): the program as a C library of its
    /// own that includes nothing, needs no Croton, and gives the same bits. The header says how to
    /// call it; constants and the present values of shared variables are data in NAME.c. The text
    /// is C++ as well: `language` "c++20" rather than "c11" calls the file NAME.cpp.
    /// Files of another run are replaced, and those of the same text, constants and header.
    /// throws   UserError where a file cannot be written, in reference mode, and where this process
    ///          has written another function's text of that name into the folder.
    void export_source(std::string_view folder,
                       std::string_view language = "c11",
                       Where where = Where::current()) const;

    /// Writes the function to a file: graph, options, and the values that its shared variables have
    /// at one moment. The file is a zip archive: graph.txt, and arrays as NumPy's .npz has them.
    /// throws   UserError where the file cannot be written, or an op of the user's own has
    ///          parameters but names no factory for them in its record.
    void save(std::string_view path, Where where = Where::current()) const;
    /// Reads what save() wrote and compiles it, in this or another process: from the cache of
    /// programs where it is there. A checksum over everything refuses damaged files; what is read
    /// is run, so load what you trust.
    /// throws   UserError naming the file and what is wrong in it: damaged, cut short, none of
    ///          these files, of a newer version, an op that is not known here.
    static Function
    load(std::string_view path, const LoadOptions& options = {}, Where where = Where::current());
    /// The shared variable of that name which the function reads or updates; UserError where there
    /// is none, or several.
    Shared shared(std::string_view name, Where where = Where::current()) const;

    /// "train(x: f32 (n, 64), y: i64 (n)) -> (loss: f32 ())".
    std::string signature() const;
    /// Milliseconds that compiling took: building the program, and Clang, which takes none where
    /// the code came from a cache.
    double compile_ms() const;

    const detail::FunctionData& data() const noexcept { return *data_; }
    static std::string signature_of(const detail::FunctionData& function);

private:
    friend Function function(Inputs, Outputs, Options, Where);
    explicit Function(detail::Ref<const detail::FunctionData> data) : data_(std::move(data)) {}
    detail::Ref<const detail::FunctionData> data_;
};

/// The graph of a function, as it was written, as an op of its name: see ops/custom.hpp.
/// errors   UserError: a function with updates, which no op has.
InlineFunction inline_function(const Function& f, Where where = Where::current());

/// Compiles a function from `inputs` to `outputs`.
///
/// inputs   leaves, each once; named ones can be given by name.
/// errors   UserError: an input that nothing needs or that is missing, extents that contradict one
///          another (names both lines), an update whose dtype does not widen to its variable's or
///          of another shape, a default of another type; BackendError where the compiler is missing
///          and nothing is cached.
/// cost     some milliseconds, and about 10 ms of Clang per small kernel, 100 ms for one with a
///          matrix product or a long body, unless cached: some seconds for hundreds of kernels.
Function
function(Inputs inputs, Outputs outputs, Options options = {}, Where where = Where::current());

namespace detail {

/// One argument of a typed call.
struct TypedArgument {
    DType dtype;
    int rank;
    bool output;
};
void check_signature(const FunctionData& function,
                     std::span<const TypedArgument> arguments,
                     const Where& where);
/// Runs with the caller's buffers; no throw, no allocation but for next values of shared variables.
Status run_typed(const FunctionData& function,
                 std::span<const Memory> arguments,
                 void* workspace,
                 std::size_t workspace_bytes) noexcept;
/// The same with a workspace of the function's own; throws what went wrong.
void run_checked(const FunctionData& function, std::span<const Memory> arguments);
/// Both where every argument is a number, by its address. Inputs are copies of the call's own.
Status run_typed(const FunctionData& function,
                 std::span<void* const> arguments,
                 void* workspace,
                 std::size_t workspace_bytes) noexcept;
void run_checked(const FunctionData& function, std::span<void* const> arguments);

template <class A>
struct ArgumentOf {
    static_assert(sizeof(std::add_pointer_t<A>) == 0,
                  "an argument of a typed signature is View<const T, R> or T (inputs), View<T, R> "
                  "or T& (outputs), where T is a number type");
    static constexpr TypedArgument info{DType::f64, 0, false};
    static Memory memory(const std::remove_reference_t<A>&) noexcept { return {}; }
};
template <class T, int R>
struct ArgumentOf<View<T, R>> {
    static constexpr TypedArgument info{dtype_of<std::remove_const_t<T>>(), R, !std::is_const_v<T>};
    static Memory memory(const View<T, R>& v) noexcept
    {
        return {const_cast<std::remove_const_t<T>*>(v.data), info.dtype, R, v.extents.data(),
                v.strides.data()};
    }
};
template <Number T>
struct ArgumentOf<T> {
    static constexpr TypedArgument info{dtype_of<T>(), 0, false};
    static Memory memory(const T& v) noexcept
    {
        return {const_cast<T*>(&v), info.dtype, 0, nullptr, nullptr};
    }
};
template <Number T>
struct ArgumentOf<T&> {
    static constexpr TypedArgument info{dtype_of<T>(), 0, true};
    static Memory memory(T& v) noexcept { return {&v, info.dtype, 0, nullptr, nullptr}; }
};

} // namespace detail

/// A function with a C++ signature. Holds the code alive; arguments are checked once, here, and
/// only their extents at each call.
template <class... A>
class Typed<void(A...)> {
public:
    explicit Typed(const Function& f, Where where = Where::current()) : function_(f)
    {
        static constexpr detail::TypedArgument infos[] = {detail::ArgumentOf<A>::info..., {}};
        detail::check_signature(function_.data(), {infos, sizeof...(A)}, where);
    }
    /// Throws what a Function's call throws.
    void operator()(A... arguments, Where where = Where::current()) const
    {
        const auto packed = pack(arguments...);
        detail::at_place(where, [&] { detail::run_checked(function_.data(), packed); });
    }
    /// No allocation, throw or thread hop. A function with shared variables locks those that it
    /// updates, may wait for a call that writes over what it reads (Options::publish), and
    /// allocates memory for next values where they go beside the old ones: in the first such
    /// calls, later only where others still read both of the values before.
    Status
    operator()(Workspace& workspace, A... arguments, Where where = Where::current()) const noexcept
    {
        Status status = detail::run_typed(function_.data(), pack(arguments...), workspace.memory_,
                                          workspace.bytes_);
        status.called = where;
        return status;
    }

private:
    static auto pack(A&... arguments) noexcept
    {
        if constexpr ((Number<std::remove_reference_t<A>> && ...))
            return std::array<void*, sizeof...(A)>{&arguments...};
        else
            return std::array{detail::ArgumentOf<A>::memory(arguments)...};
    }
    Function function_;
};

} // namespace croton::inline v1
