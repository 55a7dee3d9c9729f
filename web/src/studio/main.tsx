/** The studio's page: for those who host and speak. */

import { render } from "preact";
import "../shared/base.css";
import { keepFocus } from "../shared/focus";
import { startLanguage } from "../shared/language";
import { startAccount } from "./account";
import { App } from "./app";
import { startRoute } from "./route";
import "./studio.css";
import "./account.css";
import "./manners.css";
import "./space.css";

const app = document.getElementById("app");
if (app === null) throw new Error("the page has no #app");

startLanguage();
startRoute();
void startAccount();
keepFocus(app);
render(<App />, app);
