export { prepareMachine as default } from "../e2e/machine";
