#include "lane_variants.hpp"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstrTypes.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/VFABIDemangler.h>
#include <llvm/Transforms/Utils/ModuleUtils.h>

#include <string>
#include <vector>

namespace croton::jit {

namespace {

constexpr const char* mark = "croton-lanes";

/// CT_CALLED is the only kind of function in a program that is local, not to be inlined and not
/// cold; its arguments and result are floats of one type.
bool is_called_function(const llvm::Function& f)
{
    if (f.isDeclaration() || !f.hasLocalLinkage() || f.arg_empty() ||
        !f.hasFnAttribute(llvm::Attribute::NoInline) || f.hasFnAttribute(llvm::Attribute::Cold))
        return false;
    const llvm::Type* const type = f.getReturnType();
    if (!type->isFloatTy() && !type->isDoubleTy()) return false;
    for (const llvm::Argument& a : f.args())
        if (a.getType() != type) return false;
    return true;
}

/// name(<lanes x T> x, ..): a loop over lanes that calls `scalar`, for LLVM to vectorise.
llvm::Function& make_variant(llvm::Function& scalar, unsigned lanes, const std::string& name)
{
    llvm::LLVMContext& context = scalar.getContext();
    llvm::Type* const element = scalar.getReturnType();
    llvm::Type* const index_type = llvm::Type::getInt64Ty(context);
    auto* const vector = llvm::FixedVectorType::get(element, lanes);
    const std::vector<llvm::Type*> types(scalar.arg_size(), vector);
    auto* const variant =
        llvm::Function::Create(llvm::FunctionType::get(vector, types, false),
                               llvm::GlobalValue::InternalLinkage, name, scalar.getParent());
    variant->copyAttributesFrom(&scalar);
    variant->setAttributes(llvm::AttributeList().addFnAttributes(
        context, llvm::AttrBuilder(context, scalar.getAttributes().getFnAttrs())));
    variant->addFnAttr(mark);

    auto* const entry = llvm::BasicBlock::Create(context, "entry", variant);
    auto* const loop = llvm::BasicBlock::Create(context, "loop", variant);
    auto* const end = llvm::BasicBlock::Create(context, "end", variant);
    llvm::IRBuilder<> b(entry);
    const auto lanes_in_memory = [&] { return b.CreateAlloca(vector); };
    std::vector<llvm::Value*> arguments;
    for (llvm::Argument& a : variant->args()) {
        arguments.push_back(lanes_in_memory());
        b.CreateStore(&a, arguments.back());
    }
    llvm::Value* const results = lanes_in_memory();
    b.CreateBr(loop);

    b.SetInsertPoint(loop);
    llvm::PHINode* const lane = b.CreatePHI(index_type, 2);
    std::vector<llvm::Value*> elements;
    for (llvm::Value* memory : arguments)
        elements.push_back(b.CreateLoad(element, b.CreateInBoundsGEP(element, memory, lane)));
    llvm::CallInst* const call = b.CreateCall(&scalar, elements);
    call->addFnAttr(llvm::Attribute::AlwaysInline);
    b.CreateStore(call, b.CreateInBoundsGEP(element, results, lane));
    llvm::Value* const next = b.CreateAdd(lane, llvm::ConstantInt::get(index_type, 1));
    b.CreateCondBr(b.CreateICmpULT(next, llvm::ConstantInt::get(index_type, lanes)), loop, end);
    lane->addIncoming(llvm::ConstantInt::get(index_type, 0), entry);
    lane->addIncoming(next, loop);

    b.SetInsertPoint(end);
    b.CreateRet(b.CreateLoad(vector, results));
    return *variant;
}

/// Where speed matters: not in cold functions.
std::vector<llvm::CallInst*> calls_of(llvm::Function& f)
{
    std::vector<llvm::CallInst*> calls;
    for (llvm::User* user : f.users())
        if (auto* call = llvm::dyn_cast<llvm::CallInst>(user);
            call && call->getCalledFunction() == &f &&
            !call->getFunction()->hasFnAttribute(llvm::Attribute::Cold))
            calls.push_back(call);
    return calls;
}

} // namespace

llvm::PreservedAnalyses AddLaneVariants::run(llvm::Module& module, llvm::ModuleAnalysisManager&)
{
    std::vector<llvm::Function*> called;
    for (llvm::Function& f : module)
        if (is_called_function(f)) called.push_back(&f);
    if (called.empty()) return llvm::PreservedAnalyses::all();
    std::vector<llvm::GlobalValue*> variants;
    for (llvm::Function* f : called) {
        const std::vector<llvm::CallInst*> calls = calls_of(*f);
        if (calls.empty()) continue;
        // A loop has as many lanes as its widest type leaves room for: half of them for floats
        // beside doubles.
        llvm::SmallVector<unsigned, 2> widths{register_bits / 64};
        if (f->getReturnType()->isFloatTy()) widths.push_back(register_bits / 32);
        llvm::SmallVector<std::string, 2> mappings;
        for (const unsigned lanes : widths) {
            const std::string count = std::to_string(lanes);
            const std::string name = (f->getName() + ".x" + count).str();
            variants.push_back(&make_variant(*f, lanes, name));
            mappings.push_back("_ZGV_LLVM_N" + count + std::string(f->arg_size(), 'v') + "_" +
                               f->getName().str() + "(" + name + ")");
        }
        for (llvm::CallInst* call : calls)
            llvm::VFABI::setVectorVariantNames(call, mappings);
    }
    llvm::appendToCompilerUsed(module, variants); // until the loop vectoriser has run
    return llvm::PreservedAnalyses::none();
}

llvm::PreservedAnalyses DropUnusedLaneVariants::run(llvm::Module& module,
                                                    llvm::ModuleAnalysisManager&)
{
    const auto is_variant = [](const llvm::Constant* c) {
        const auto* f = llvm::dyn_cast<llvm::Function>(c->stripPointerCasts());
        return f && f->hasFnAttribute(mark);
    };
    llvm::removeFromUsedLists(module, [&](llvm::Constant* c) { return is_variant(c); });
    std::vector<llvm::Function*> unused;
    for (llvm::Function& f : module)
        if (f.hasFnAttribute(mark) && f.use_empty()) unused.push_back(&f);
    for (llvm::Function* f : unused)
        f->eraseFromParent();
    return unused.empty() ? llvm::PreservedAnalyses::all() : llvm::PreservedAnalyses::none();
}

} // namespace croton::jit
